"""The files that the command line reads and writes."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from anndata import AnnData

MODEL_FILES = ("model.safetensors", "model.pt")


def read_h5ad(path: Path) -> "AnnData":
    """Read an h5ad file whose sparse matrices are whole.

    Raises
    ------
    OSError
        If there is no such file, or it is a folder.
    ValueError
        If it cannot be read, or one of its matrices has indices that cannot be.
    """
    import anndata

    if path.is_dir():
        message = f"{path} is a folder: give an h5ad file."
        raise IsADirectoryError(message)
    if not path.exists():
        message = f"There is no file {path}."
        raise FileNotFoundError(message)
    try:
        adata = anndata.read_h5ad(path)
        for matrix in _sparse_matrices(adata):
            matrix.check_format(full_check=True)
    except (MemoryError, PermissionError):
        raise
    except Exception as error:  # a damaged file can raise anything
        message = f"{path} cannot be read as an h5ad file; it may be another format or damaged."
        raise ValueError(message) from error
    return adata


def write_h5ad(adata: "AnnData", path: Path) -> None:
    """Write a file so that it is either the old one or the new one, never half of one."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        adata.write_h5ad(partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def check_model_folder(model: Path, query: Path) -> None:
    """Raise if a model is given where the query belongs, or something that is no folder."""
    if model.is_file() and any((query / name).exists() for name in MODEL_FILES):
        message = (
            f"{model} is a file and {query} is a saved model: give the model first, "
            f"dpvae predict {query} {model}."
        )
        raise NotADirectoryError(message)
    if not model.is_dir():
        found = f"{model} is a file" if model.exists() else f"There is no folder {model}"
        message = f"{found}: give the folder that dpvae train wrote."
        raise NotADirectoryError(message)


def check_output_h5ad(path: Path, *, overwrite: bool, sources: Sequence[Path]) -> None:
    """Raise as :func:`check_output_file`, or if an h5ad file would get another kind of name.

    So no device is replaced, no file of a model or store, and no data of another format.
    """
    for source in sources:
        check_output_file(path, overwrite=overwrite, source=source)
    if path.suffix.lower() != ".h5ad":
        message = f"An h5ad file is written, but {str(path)!r} is no name of one: end it in .h5ad."
        raise ValueError(message)


def check_output_file(path: Path, *, overwrite: bool, source: Path | None = None) -> None:
    """Raise if a file cannot be written, before the work that leads to it.

    Parameters
    ----------
    path
        The file to write.
    overwrite
        Whether it may replace another one.
    source
        File that is read, and never replaced.
    """
    if path.is_dir():
        message = f"{path} is a folder: name a file with --output."
        raise IsADirectoryError(message)
    if path.exists() and source is not None and source.exists() and path.samefile(source):
        message = f"{path} is the file that is read: choose another --output."
        raise FileExistsError(message)
    _check_free(path, overwrite=overwrite)
    if not path.parent.is_dir():
        message = f"There is no folder {path.parent} to write {path.name} into: make it first."
        raise FileNotFoundError(message)
    _check_writable(path.parent)


def check_output_folder(path: Path, *, overwrite: bool) -> None:
    """Raise if a folder cannot be made or written into, or exists and is not to be replaced."""
    if path.exists() and not path.is_dir():
        message = f"{path} is a file: name a folder with --output."
        raise FileExistsError(message)
    if is_store(path):
        message = f"{path} is a zarr store, and holds data: choose another --output."
        raise FileExistsError(message)
    _check_free(path, overwrite=overwrite)
    nearest = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
    if not nearest.is_dir():
        message = f"{path} cannot be made, since {nearest} is a file: choose another --output."
        raise NotADirectoryError(message)
    _check_writable(nearest)


def is_store(path: Path) -> bool:
    """Whether a folder is a zarr store."""
    return any((path / name).is_file() for name in ("zarr.json", ".zgroup"))


def _check_free(path: Path, *, overwrite: bool) -> None:
    if path.exists() and not overwrite:
        message = f"{path} exists: choose another --output, or give --overwrite."
        raise FileExistsError(message)


def _check_writable(folder: Path) -> None:
    try:
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        message = f"The folder {folder} cannot be written into: choose another --output."
        raise PermissionError(message) from error


def _sparse_matrices(adata: "AnnData") -> Iterator[Any]:
    parts = (adata.layers, adata.obsm, adata.obsp)
    for values in (adata.X, *(values for part in parts for values in part.values())):
        if hasattr(values, "check_format"):
            yield values
