"""The cells that the command line reads, from a file, a store, or a folder of an instrument."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dpvae.cli.files import is_store, read_h5ad

if TYPE_CHECKING:
    from anndata import AnnData
    from spatialdata import SpatialData

MATRIX = {
    "matrix.mtx": ("barcodes.tsv", "genes.tsv"),
    "matrix.mtx.gz": ("barcodes.tsv.gz", "features.tsv.gz"),
}
ELEMENTS = ("tables", "shapes", "points", "labels")


def read_cells(
    path: Path, *, coordinate_system: str | None = None, needs_places: bool = True
) -> "AnnData":
    """Read cells from whatever holds them.

    Parameters
    ----------
    path
        One of

        - an h5ad file; an h5 file of 10x Genomics; a modality of an h5mu file,
          ``cells.h5mu/rna``;
        - a zarr store of SpatialData, ``STORE.zarr``, or one of its tables,
          ``STORE.zarr/tables/NAME``; a zarr store of AnnData;
        - a folder of an instrument, or with ``matrix.mtx``.
    coordinate_system
        Coordinate system of a SpatialData object, as :func:`dpvae.io.table_of` takes it.
    needs_places
        Whether it is an error if the places in a SpatialData object cannot be read. Otherwise the
        table is given as it is then.

    Raises
    ------
    OSError
        If there is no such file or folder, or one in it is missing.
    ValueError
        If it cannot be read.
    """
    of_store = _table_of_store(path)
    if of_store is not None:
        return _read_store(*of_store, coordinate_system, needs_places=needs_places)
    if path.parent.suffix == ".h5mu" or path.suffix == ".h5mu":
        return _read_modality(path)
    if path.is_dir():
        for matrix, names in MATRIX.items():
            if (path / matrix).exists():
                return _read_mtx(path, names)
        from dpvae.io import read_instrument, table_of

        return table_of(read_instrument(path), coordinate_system=coordinate_system)
    if path.suffix == ".h5" and path.exists():
        return _read(path, _read_10x_h5, "an h5 file of 10x Genomics")
    return read_h5ad(path)


def _table_of_store(path: Path) -> tuple[Path, str | None] | None:
    """Split the path of a zarr store, or of a table in one; ``None`` if it is neither."""
    if path.parent.name == "tables" and is_store(path.parent.parent):
        return path.parent.parent, path.name
    if is_store(path):
        return path, None
    return None


def _read_store(
    store: Path, table: str | None, coordinate_system: str | None, *, needs_places: bool
) -> "AnnData":
    import anndata
    import zarr

    if "spatialdata_attrs" not in _read(store, zarr.open_group, "a zarr store", mode="r").attrs:
        return _read(store, anndata.read_zarr, "a zarr store of AnnData")
    import spatialdata

    from dpvae.io.annotation import name_of_table

    sdata = _read(store, spatialdata.read_zarr, "a store of SpatialData", selection=ELEMENTS)
    table = name_of_table(sdata, table)
    try:
        return _with_places(sdata, table, coordinate_system)
    except (KeyError, ValueError):
        if needs_places:
            raise
    cells: AnnData = sdata.tables[table].copy()
    return cells


def _with_places(sdata: "SpatialData", table: str, coordinate_system: str | None) -> "AnnData":
    from dpvae.io import add_micrometers, table_of
    from dpvae.io.coordinate_system import is_in_pixels

    if coordinate_system is None and is_in_pixels(sdata):
        add_micrometers(sdata)
    return table_of(sdata, table, coordinate_system=coordinate_system)


def _read_modality(path: Path) -> "AnnData":
    import mudata

    file = path if path.suffix == ".h5mu" else path.parent
    if not file.exists():
        message = f"There is no file {file}."
        raise FileNotFoundError(message)
    found = list(_read(file, mudata.read_h5mu, "an h5mu file", backed=True).mod)
    if path == file or path.name not in found:
        message = f"{file} holds the modalities {found}: name one, such as {file}/{found[0]}."
        raise ValueError(message)
    return _read(path, lambda one: mudata.read(str(one)), "a modality")


def _read_mtx(folder: Path, names: tuple[str, ...]) -> "AnnData":
    lacking = [name for name in names if not (folder / name).exists()]
    if lacking:
        message = f"{folder} has a matrix, but lacks {' and '.join(lacking)}: copy it whole."
        raise FileNotFoundError(message)
    import scanpy as sc

    return _read(folder, sc.read_10x_mtx, "a folder with a matrix of 10x Genomics")


def _read_10x_h5(path: Path) -> "AnnData":
    import scanpy as sc

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Variable names are not unique")
        adata: AnnData = sc.read_10x_h5(path)
        adata.var_names_make_unique()
    return adata


def _read(path: Path, reader: Callable[..., Any], what: str, **options: Any) -> Any:
    """Read something; a damaged file can raise anything."""
    try:
        return reader(path, **options)
    except (MemoryError, PermissionError):
        raise
    except Exception as error:
        message = f"{path} cannot be read as {what}; it may be another format or damaged."
        raise ValueError(message) from error
