"""Checks of arguments: an AnnData, a name."""

from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from os import PathLike
from types import MappingProxyType

from anndata import AnnData

COLLECTIONS = ("AnnCollection", "CollectionAdapter")
NO_WORDS: Mapping[str, Collection[str]] = MappingProxyType({})


def check_is_anndata(given: object, *, name: str = "adata") -> None:
    """Raise if the argument of this name is no AnnData, but for example a path."""
    if issubclass(type(given), AnnData):  # isinstance believes an adapter that poses as one
        return
    remedy = "give the AnnData."
    if isinstance(given, str | PathLike):
        remedy = f"read the file first: {name} = anndata.read_h5ad({str(given)!r})."
    if type(given).__name__ in COLLECTIONS:
        remedy = (
            "put its parts into one AnnData with anndata.concat; if memory does not hold them, "
            "with anndata.experimental.concat_on_disk, and read the file with "
            "anndata.read_h5ad(path, backed='r'): its expression stays on disk."
        )
    if type(given).__name__ == "SpatialData":
        remedy = f"take a table with its places, {name} = dpvae.io.table_of(sdata)."
    if type(given).__name__ == "MuData":
        held = list(getattr(given, "mod", ()))
        first = held[0] if held and "rna" not in held else "rna"
        remedy = f"take a modality of it, such as {name} = mdata[{first!r}].copy()."
    message = f"{name} is a {type(given).__name__}, not an AnnData: {remedy}"
    raise TypeError(message)


def check_cells_and_column(adata: object, column: object, argument: str) -> None:
    """Raise if cells are no AnnData; say so if they and the name of a column are swapped."""
    if isinstance(column, AnnData) and isinstance(adata, str):
        message = (
            f"adata is {adata!r} and {argument} is an AnnData: give the AnnData first, then the "
            "name of the column."
        )
        raise TypeError(message)
    check_is_anndata(adata)
    check_one_name(column, argument)


def check_one_name(given: object, argument: str) -> None:
    """Raise if an argument that names one key, or ``None``, is of another kind, such as a list."""
    if not isinstance(given, str | None):
        message = f"{argument} is {given!r}: give one name, as text."
        raise ValueError(message)


def check_among(
    owner: str,
    arguments: Iterable[str],
    names: Collection[str],
    words: Mapping[str, Collection[str]] = NO_WORDS,
) -> None:
    """Raise if there is no argument of a name.

    Parameters
    ----------
    owner
        Where the arguments were given, such as ``"plan_kwargs"``.
    arguments
        Names that were given.
    names
        Names that there are.
    words
        For some names what other packages call such an argument, or a part of it. The first whose
        word is in a name that was given is meant; if none is, the most similar name.
    """
    for name in sorted(set(arguments) - set(names)):
        called = [meant for meant, of in words.items() if any(word in name for word in of)]
        meant = called[:1] or get_close_matches(name, names, n=1)
        question = f" Do you mean {meant[0]!r}?" if set(meant) & set(names) else ""
        message = f"{owner} has no argument {name!r}.{question}"
        raise TypeError(message)
