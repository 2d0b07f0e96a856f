"""Whether what the user gave is an AnnData at all."""

from os import PathLike

from anndata import AnnData


def check_is_anndata(given: object, *, name: str = "adata") -> None:
    """Raise where something else was given under this name, such as the path of a file."""
    if isinstance(given, AnnData):
        return
    remedy = "give the AnnData."
    if isinstance(given, str | PathLike):
        remedy = f"read the file first: {name} = anndata.read_h5ad({str(given)!r})."
    message = f"{name} is a {type(given).__name__}, not an AnnData: {remedy}"
    raise TypeError(message)
