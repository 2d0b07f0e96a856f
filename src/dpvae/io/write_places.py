"""Recovered places and their regions, written into a SpatialData object."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from anndata import AnnData

from dpvae._data.arguments import check_is_anndata
from dpvae._keys import OBSM
from dpvae.geometry import Posterior, known_rows
from dpvae.io.annotation import check_is_spatialdata
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
        Name of the points, and the beginning of the other names. By default ``"dpvae_places"``.

    Returns
    -------
    ``None``. Written are

    - points ``key_added``: a point for each cell;
    - table ``key_added + "_table"``: the cells with their expression and columns; it annotates the
      points;
    - with a posterior, shapes ``key_added + "_regions"``: for each cell the smallest region that
      holds ``level`` of its probability, a polygon of one or several parts. It has the index of the
      points, the column ``cell`` and the column ``share``, the share of the tissue that it takes.

    Raises
    ------
    KeyError
        If there are no such places, ``reference`` does not name its coordinate system, or ``sdata``
        does not have it.
    TypeError
        If an argument is of another kind.
    ValueError
        If no cell has a place, a name is taken, the posterior is of other cells, or regions are
        asked for in three dimensions. Nothing is written then.

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
    >>> len(sdata.points["dpvae_places"])
    50
    """
    from spatialdata.models import PointsModel, ShapesModel, TableModel
    from spatialdata.transformations import Identity

    check_is_spatialdata(sdata)
    check_is_anndata(adata)
    check_is_anndata(reference, name="reference")
    system = system_of(reference)
    if system not in sdata.coordinate_systems:
        message = (
            f"sdata has no coordinate system {system!r}, in which reference was read, but "
            f"{sorted(sdata.coordinate_systems)}: give the SpatialData object of the reference."
        )
        raise KeyError(message)
    names = [key_added, f"{key_added}_table", f"{key_added}_regions"]
    for name in names:
        if name in sdata:
            message = f"sdata has an element {name!r}: delete it, or choose another key_added=…"
            raise ValueError(message)
    places = read_coordinates(adata, recovered_key, argument="recovered_key")
    known = known_rows(places)
    if not known.any():
        message = f"No cell has a place in adata.obsm[{recovered_key!r}]."
        raise ValueError(message)
    regions = None
    if posterior is not None:
        check_posterior_of(posterior, adata)
        found = posterior.of(np.flatnonzero(known))
        regions = region_polygons(found, level)
        regions["cell"] = adata.obs_names[known].to_numpy()
    index = np.arange(int(known.sum()))
    frame = pd.DataFrame(places[known], columns=list("xyz")[: places.shape[1]], index=index)
    cells = adata[known].copy()
    cells.obs[REGION] = pd.Categorical([key_added] * len(index))
    cells.obs[INSTANCE] = index
    to_system = {system: Identity()}
    table = TableModel.parse(
        cells, region=key_added, region_key=REGION, instance_key=INSTANCE, overwrite_metadata=True
    )
    sdata[names[0]] = PointsModel.parse(frame, transformations=to_system)
    sdata[names[1]] = table
    if regions is not None:
        sdata[names[2]] = ShapesModel.parse(regions, transformations=to_system)
