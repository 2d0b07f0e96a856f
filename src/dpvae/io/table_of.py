"""Cells of a SpatialData object as an AnnData with their places."""

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray

from dpvae._data.warn import warn_user
from dpvae._keys import OBSM, params_key
from dpvae.geometry import known_rows
from dpvae.io.annotation import Annotation, annotation_of
from dpvae.io.coordinate_system import chosen_system, place_record, unit_of
from dpvae.io.label_centers import label_centers

if TYPE_CHECKING:
    from spatialdata import SpatialData

Points = NDArray[np.float64]


def table_of(
    sdata: "SpatialData", table: str | None = None, *, coordinate_system: str | None = None
) -> AnnData:
    """Give the cells of a table, with their places, as an AnnData that all models and tools take.

    A cell is where the centre of its circle, polygon, label or point is, moved into the coordinate
    system by the element's transformation.

    Parameters
    ----------
    sdata
        The SpatialData object. It is not changed.
    table
        Name of the table. May be left out if there is one.
    coordinate_system
        Name of the coordinate system. By default one that is called ``"micrometers"``, as
        :func:`add_micrometers` and :func:`read_instrument` call it, or ``"microns"``, ``"um"`` or
        ``"µm"``; or the only one that there is.

    Returns
    -------
    A copy of the table with

    - ``obsm["spatial"]``: the places, shape ``(n_cells, 2)`` or ``(n_cells, 3)``, in place of what
      the table had there; NaN for cells that the element lacks;
    - ``uns["spatial_params"]``: the coordinate system, and its unit if it is known. SpatialData
      keeps no units: known are ``"micrometer"``, by the name of the system, and ``"pixel"``, if
      spatialdata-io read the object.

    What readers leave in ``uns["spatial"]``, for images in another unit, is left out. If the table
    annotates several elements, each a section of its own, name the column with the elements as
    ``sample_key`` in ``setup_anndata``; it is ``uns["spatialdata_attrs"]["region_key"]``.

    Raises
    ------
    KeyError
        If there is no such table, element, column or transformation.
    TypeError
        If ``sdata`` is no SpatialData object.
    ValueError
        If it is not clear which table or coordinate system is meant; if the table has no region or
        instance key; or if no cell of it is in its element, or has a place there.

    Warns
    -----
    UserWarning
        If the element lacks some of the cells, or their places.

    Examples
    --------
    >>> import pandas as pd
    >>> import dpvae
    >>> from spatialdata import SpatialData
    >>> from spatialdata.models import ShapesModel, TableModel
    >>> from spatialdata.transformations import Scale
    >>> cells = dpvae.datasets.simulated_tissue(200, 20)
    >>> cells.obs["region"] = pd.Categorical(["spots"] * 200)
    >>> cells.obs["spot"] = range(200)
    >>> names = {"region": "spots", "region_key": "region", "instance_key": "spot"}
    >>> to_microns = {"microns": Scale([0.5, 0.5], axes=("x", "y"))}
    >>> pixels = 2 * cells.obsm["spatial"]
    >>> spots = ShapesModel.parse(pixels, geometry=0, radius=10, transformations=to_microns)
    >>> sdata = SpatialData.init_from_elements(
    ...     {"spots": spots, "table": TableModel.parse(cells.copy(), **names)}
    ... )
    >>> adata = dpvae.io.table_of(sdata)
    >>> bool(abs(adata.obsm["spatial"] - cells.obsm["spatial"]).max() < 1e-9)
    True
    >>> adata.uns["spatial_params"]
    {'coordinate_system': 'microns', 'unit': 'micrometer'}
    """
    from spatialdata.transformations import get_transformation

    found = annotation_of(sdata, table)
    systems = {
        name: set(get_transformation(element, get_all=True))
        for name, element in found.elements.items()
    }
    system = chosen_system(coordinate_system, systems, found.table)
    places = _places(found, system)
    adata = found.cells.copy()
    adata.uns.pop(OBSM.spatial, None)
    adata.obsm[OBSM.spatial] = places
    adata.uns[params_key(OBSM.spatial)] = place_record(system, unit_of(sdata, system))
    return adata


def _places(found: Annotation, system: str) -> Points:
    """Places of the cells in a coordinate system, NaN for those that their element lacks."""
    parts = {}
    for name, element in found.elements.items():
        rows = np.flatnonzero((found.region == name).to_numpy())
        centers = centers_of(element, name, system)
        at = centers.index.get_indexer(pd.Index(found.instance.iloc[rows]))
        if (at < 0).all():
            message = (
                f"No cell of table {found.table!r} is in element {name!r}: the table calls them "
                f"like {found.instance.iloc[rows[0]]!r}, the element like "
                f"{centers.index[:1].tolist()}. Give the table the column with the element's names "
                "as its instance key."
            )
            raise ValueError(message)
        values = centers.to_numpy(np.float64)[at]
        values[at < 0] = np.nan
        unknown = int((~known_rows(values)).sum())
        if unknown == len(rows):
            message = f"No cell of table {found.table!r} has a place in element {name!r}."
            raise ValueError(message)
        if unknown:
            warn_user(
                f"{unknown} of {len(rows)} cells of table {found.table!r} are not in element "
                f"{name!r}, or have no place there: their places are unknown (NaN)."
            )
        parts[name] = (rows, values)
    widths = {values.shape[1] for _, values in parts.values()}
    if len(widths) > 1:
        message = f"Elements of table {found.table!r} have two dimensions and others three."
        raise ValueError(message)
    places = np.full((found.cells.n_obs, widths.pop()), np.nan)
    for rows, values in parts.values():
        places[rows] = values
    return places


def centers_of(element: Any, name: str, system: str) -> pd.DataFrame:
    """Centres of what an element holds, in a coordinate system.

    Parameters
    ----------
    element
        Shapes, labels or points.
    name
        Its name, for the message.
    system
        The coordinate system.

    Returns
    -------
    Columns ``x``, ``y`` and perhaps ``z``, with the index of the element; NaN for a shape without
    a place, such as a spot that the file of positions lacks.

    Raises
    ------
    ValueError
        If names in its index occur twice.
    """
    index = getattr(element, "index", pd.Index([]))
    index = index if isinstance(index, pd.Index) else index.compute()
    if not index.is_unique:
        message = f"Names of cells occur more than once in the index of element {name!r}."
        raise ValueError(message)
    if not hasattr(element, "index"):
        return _moved(label_centers(element), element, system)
    if not hasattr(element, "geometry"):
        return _centers(element, system)
    known = np.isfinite(element.geometry.centroid.x.to_numpy())
    if not known.any():
        return pd.DataFrame(np.nan, index=index, columns=["x", "y"])
    return _centers(element if known.all() else element[known], system).reindex(index)


def _centers(element: Any, system: str) -> pd.DataFrame:
    from spatialdata import get_centroids

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The index of the dataframe is not monotonic")
        centers: pd.DataFrame = get_centroids(element, coordinate_system=system).compute()
    return centers[[axis for axis in ("x", "y", "z") if axis in centers]]


def _moved(centers: pd.DataFrame, element: Any, system: str) -> pd.DataFrame:
    """Move centres from the element's own coordinates into a coordinate system."""
    from spatialdata.transformations import get_transformation

    axes = tuple(centers)
    matrix = get_transformation(element, system).to_affine_matrix(axes, axes)
    moved = centers.to_numpy() @ matrix[:-1, :-1].T + matrix[:-1, -1]
    return pd.DataFrame(moved, index=centers.index, columns=axes)
