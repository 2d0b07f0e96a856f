"""Regions of cells as polygons."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import Voronoi, cKDTree

from dpvae.geometry import Posterior

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

N_NEIGHBORS = 4
RIM = 1.5
OUTSIDE = 1.2
N_DIRECTIONS = 12

Points = NDArray[np.float64]


def region_polygons(found: Posterior, level: float) -> "GeoDataFrame":
    """Outline the smallest region of each cell that holds a share of its probability.

    A region is a set of positions, and its outline goes around their tiles: every point of the
    plane goes with its nearest position, unless that is much farther than positions are from their
    fourth neighbour.

    Parameters
    ----------
    found
        The posterior, on positions in the plane.
    level
        The share.

    Returns
    -------
    A row for each cell: ``geometry``, polygons of one or several parts, and ``share``, the share of
    the tissue's positions.

    Raises
    ------
    ValueError
        If positions have three dimensions, or the level is not between 0 and 1.
    """
    import shapely
    from geopandas import GeoDataFrame

    if found.positions.shape[1] != 2:
        message = "Regions are outlined in two dimensions only: leave out posterior=…"
        raise ValueError(message)
    inside = found.region(level)
    distinct, at = np.unique(found.positions, axis=0, return_inverse=True)
    tile = tiles(distinct)
    of_cells = np.split(at.ravel()[inside.indices], inside.indptr[1:-1])
    outlines = [shapely.coverage_union_all(tile[np.unique(rows)]) for rows in of_cells]
    return GeoDataFrame({"share": found.region_size(level)}, geometry=outlines)


def tiles(positions: Points) -> NDArray[Any]:
    """Divide the tissue among its positions.

    Parameters
    ----------
    positions
        Shape ``(n_positions, 2)``, all different.

    Returns
    -------
    A polygon for each, which shares its edges with those of its neighbours.
    """
    import shapely

    tree = cKDTree(positions)
    distance = tree.query(positions, k=[min(N_NEIGHBORS + 1, len(positions))])[0]
    spacing = float(np.median(distance)) or 1.0
    angles = np.linspace(0.0, 2.0 * np.pi, N_DIRECTIONS, endpoint=False)
    directions = np.column_stack([np.cos(angles), np.sin(angles)])
    rim = (positions[:, None] + RIM * spacing * directions).reshape(-1, 2)
    rim = rim[tree.query(rim)[0] > OUTSIDE * spacing]
    cells = Voronoi(np.vstack([positions, rim]))
    corners = [cells.regions[cells.point_region[n]] for n in range(len(positions))]
    return np.array([shapely.Polygon(cells.vertices[each]) for each in corners])
