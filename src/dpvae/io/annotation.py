"""Which elements of a SpatialData object a table annotates."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from anndata import AnnData
    from spatialdata import SpatialData

ATTRS = "spatialdata_attrs"


@dataclass(frozen=True, eq=False)
class Annotation:
    """The elements that the rows of a table stand for.

    Parameters
    ----------
    table
        Name of the table.
    cells
        The table.
    region
        Name of each row's element, with the names of the rows.
    instance
        What each row is called in its element, with the names of the rows.
    elements
        The elements, by name.
    """

    table: str
    cells: "AnnData"
    region: pd.Series
    instance: pd.Series
    elements: dict[str, Any]


def annotation_of(sdata: "SpatialData", table: str | None) -> Annotation:
    """Find a table and the elements that it annotates.

    Parameters
    ----------
    sdata
        The object.
    table
        Name of the table; may be ``None`` if there is one.

    Raises
    ------
    KeyError
        If there is no such table, key or element.
    TypeError
        If ``sdata`` is no SpatialData object.
    ValueError
        If it is not clear which table is meant, or the table annotates nothing.
    """
    check_is_spatialdata(sdata)
    name = name_of_table(sdata, table)
    cells = sdata.tables[name]
    keys = cells.uns.get(ATTRS, {})
    region_key, instance_key = (keys.get(f"{kind}_key") for kind in ("region", "instance"))
    if not region_key or not instance_key:
        missing = "region key" if not region_key else "instance key"
        message = (
            f"Table {name!r} has no {missing}, so that it is not known where its cells are. Run "
            f"sdata.set_table_annotates_spatialelement({name!r}, region=…, region_key=…, "
            "instance_key=…) with the element that holds its cells."
        )
        raise ValueError(message)
    for key in (region_key, instance_key):
        if key not in cells.obs:
            message = (
                f"Table {name!r} names the column {key!r}, but its obs has "
                f"{sorted(map(str, cells.obs))}."
            )
            raise KeyError(message)
        if cells.obs[key].isna().any():
            message = f"Column {key!r} of table {name!r} has missing values: leave these rows out."
            raise ValueError(message)
    region = cells.obs[region_key].astype(str)
    elements = {each: _element(sdata, each, name) for each in dict.fromkeys(region)}
    if not elements:
        message = f"Table {name!r} has no cells."
        raise ValueError(message)
    return Annotation(name, cells, region, cells.obs[instance_key], elements)


def check_is_spatialdata(given: object) -> None:
    """Raise if the argument is no SpatialData object."""
    from spatialdata import SpatialData

    if not isinstance(given, SpatialData):
        message = (
            f"sdata is a {type(given).__name__}, not a SpatialData object: read one with "
            "spatialdata.read_zarr(path) or dpvae.io.read_instrument(path)."
        )
        raise TypeError(message)


def name_of_table(sdata: "SpatialData", table: str | None) -> str:
    """Name of a table that is there; ``None`` stands for the only one.

    Raises
    ------
    KeyError
        If there is no such table.
    ValueError
        If there is none at all, or it is not clear which one is meant.
    """
    names = list(sdata.tables)
    if table is None and len(names) == 1:
        return str(names[0])
    if table in names:
        return str(table)
    if not names:
        message = "sdata has no table, and so no expression of cells."
        raise ValueError(message)
    if table is None:
        message = f"sdata has {len(names)} tables: name one of {names} with table=…"
        raise ValueError(message)
    message = f"There is no table {table!r} in sdata, but {names}."
    raise KeyError(message)


def _element(sdata: "SpatialData", name: str, table: str) -> Any:
    if name in sdata.tables or name not in sdata:
        there = [each for _, each, _ in sdata.gen_spatial_elements()]
        message = f"Table {table!r} annotates element {name!r}, but sdata has {there}."
        raise KeyError(message)
    if name in sdata.images:
        message = f"Table {table!r} annotates the image {name!r}, which holds no cells."
        raise ValueError(message)
    return sdata[name]
