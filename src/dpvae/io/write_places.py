"""Recovered places and their regions, written into a SpatialData object."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from dpvae._keys import OBSM
from dpvae.geometry import Posterior, known_rows
from dpvae.io.annotation import ATTRS, check_is_spatialdata
from dpvae.io.coordinate_system import system_of
from dpvae.io.region_polygons import region_polygons
from dpvae.tl.coordinates import read_coordinates
from dpvae.tl.posterior_of_cells import check_posterior_of

if TYPE_CHECKING:
    from spatialdata import SpatialData

NAME = "dpvae_places"
REGION, INSTANCE = "dpvae_region", "dpvae_instance"


def write_places(
    sdata: "SpatialData",
    adata: AnnData,
    reference: AnnData,
    *,
    posterior: Posterior | None = None,
    level: float = 0.9,
    recovered_key: str = OBSM.reconstructed,
    key_added: str = NAME,
) -> None:
    """Put cells that were placed into the SpatialData object in whose frame they are.

    spatialdata-plot and napari-spatialdata then draw them over its images, and
    ``sdata.write(path)`` keeps them.

    Parameters
    ----------
    sdata
        The SpatialData object of the reference. It is written to, in memory.
    adata
        The cells. Those without a place are left out.
    reference
        The section in whose frame the places are, as :func:`table_of` gave it: places are written
        into the coordinate system that it was read in.
    posterior
        What ``model.predict_posterior(adata)`` gave, for regions. By default none are written.
    level
        Share of the probability that a region holds. By default 0.9.
    recovered_key
        Key of ``adata.obsm`` with the places. By default ``"spatial_dpvae"``.
    key_added
        Name of the circles, and the beginning of the other names. By default ``"dpvae_places"``.

    Returns
    -------
    ``None``. Written are

    - shapes ``key_added``: a circle for each cell, as wide as the usual distance of
      neighbours in the reference;
    - table ``key_added + "_table"``: the cells with their expression and columns; it annotates the
      circles, so that genes and columns can colour them;
    - with a posterior, shapes ``key_added + "_regions"``: for each cell the smallest region that
      holds ``level`` of its probability, polygons of any number of parts. They have the index of
      the circles, the column ``cell`` with the name of the cell, and the column ``share``, the
      share of the tissue that the region takes.

    Raises
    ------
    KeyError
        If there are no such places, ``reference`` does not name its coordinate system, or ``sdata``
        does not have it.
    TypeError
        If an argument is of another kind.
    ValueError
        If no cell has a place, places have three dimensions, a name is taken, or the posterior is
        of other cells. Nothing is written then.

    See Also
    --------
    dpvae.pl.over_image : the same for an AnnData with its image.

    Examples
    --------
    >>> import pandas as pd
    >>> import dpvae
    >>> from spatialdata import SpatialData
    >>> from spatialdata.models import ShapesModel, TableModel
    >>> cells = dpvae.datasets.simulated_tissue(200, 20)
    >>> cells.obs["region"] = pd.Categorical(["spots"] * 200)
    >>> cells.obs["spot"] = range(200)
    >>> names = {"region": "spots", "region_key": "region", "instance_key": "spot"}
    >>> spots = ShapesModel.parse(cells.obsm["spatial"], geometry=0, radius=10)
    >>> sdata = SpatialData.init_from_elements(
    ...     {"spots": spots, "table": TableModel.parse(cells.copy(), **names)}
    ... )
    >>> reference = dpvae.io.table_of(sdata)
    >>> query = reference[:50].copy()
    >>> query.obsm["spatial_dpvae"] = query.obsm["spatial"] + 5.0
    >>> dpvae.io.write_places(sdata, query, reference)
    >>> sdata.shapes["dpvae_places"].shape
    (50, 2)
    """
    from spatialdata.models import ShapesModel, TableModel
    from spatialdata.transformations import Identity

    check_is_spatialdata(sdata)
    system = system_of(reference)
    if system not in sdata.coordinate_systems:
        message = (
            f"sdata has no coordinate system {system!r}, in which reference was read, but "
            f"{sorted(sdata.coordinate_systems)}: give the SpatialData object of the reference."
        )
        raise KeyError(message)
    for name in (key_added, f"{key_added}_table", f"{key_added}_regions"):
        if name in sdata:
            message = f"sdata has an element {name!r}: delete it, or choose another key_added=…"
            raise ValueError(message)
    places, known = _places(adata, recovered_key)
    regions = None
    if posterior is not None:
        check_posterior_of(posterior, adata)
        regions = region_polygons(posterior.of(np.flatnonzero(known)), level)
        regions["cell"] = adata.obs_names[known].to_numpy()
    radius = _radius(read_coordinates(reference, OBSM.spatial, name="reference"))
    cells = adata[known].copy()
    cells.obs[REGION] = pd.Categorical([key_added] * cells.n_obs)
    cells.obs[INSTANCE] = np.arange(cells.n_obs)
    cells.uns.pop(ATTRS, None)
    table = TableModel.parse(cells, region=key_added, region_key=REGION, instance_key=INSTANCE)
    to_system = {system: Identity()}
    sdata[key_added] = ShapesModel.parse(
        places[known], geometry=0, radius=radius, transformations=to_system
    )
    sdata[f"{key_added}_table"] = table
    if regions is not None:
        sdata[f"{key_added}_regions"] = ShapesModel.parse(regions, transformations=to_system)


def _places(adata: AnnData, key: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Places of the cells, and which have one."""
    places = read_coordinates(adata, key, argument="recovered_key")
    known = known_rows(places)
    if places.shape[1] != 2:
        message = (
            f"adata.obsm[{key!r}] has three dimensions, but circles and regions lie in a plane: "
            "write two of them."
        )
        raise ValueError(message)
    if not known.any():
        message = f"No cell has a place in adata.obsm[{key!r}]."
        raise ValueError(message)
    return places, known


def _radius(places: NDArray[np.float64]) -> float:
    """Half the usual distance of neighbours, among those at different places."""
    apart = np.unique(places[known_rows(places)], axis=0)
    distance = cKDTree(apart).query(apart, k=[min(2, len(apart))])[0]
    return 0.5 * float(np.median(distance)) or 1.0
