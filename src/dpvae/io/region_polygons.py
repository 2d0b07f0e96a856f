"""Regions of cells as polygons."""

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from dpvae.geometry import Posterior

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

N_NEIGHBORS = 4
REACH = 0.6
CORNERS_OF_QUARTER = 4


def region_polygons(found: Posterior, level: float) -> "GeoDataFrame":
    """Outline the smallest region of each cell that holds a share of its probability.

    A region is a set of positions; its polygon is all that is closer to one of them than 0.6 times
    the usual distance of a position to its fourth neighbour, so that neighbours touch.

    Parameters
    ----------
    found
        The posterior, on positions in the plane.
    level
        The share.

    Returns
    -------
    A row for each cell: ``geometry``, one or several polygons, and ``share``, the share of the
    tissue's positions.

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
    n_near = min(N_NEIGHBORS + 1, len(found.positions))
    distance = cKDTree(found.positions).query(found.positions, k=[n_near])[0]
    reach = REACH * float(np.median(distance))
    rows = np.repeat(np.arange(len(found)), np.diff(inside.indptr))
    dots = shapely.multipoints(shapely.points(found.positions[inside.indices]), indices=rows)
    outlines = shapely.buffer(dots, reach, quad_segs=CORNERS_OF_QUARTER)
    return GeoDataFrame({"share": found.region_size(level)}, geometry=outlines)
