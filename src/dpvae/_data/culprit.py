"""What in an AnnData an error is about."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def named_in_errors(*keys: str, name: str = "adata", section: str = "") -> Iterator[None]:
    """Begin messages about arrays with where these are in the AnnData.

    Parameters
    ----------
    *keys
        Keys of ``obsm`` that the arrays come from.
    name
        What the user calls the AnnData.
    section
        Name of the section that is looked at; empty if there is only one.

    Raises
    ------
    ValueError
        If one is raised within, with the longer message.
    """
    try:
        yield
    except ValueError as error:
        if type(error) is not ValueError:
            raise
        where = " and ".join(f"{name}.obsm[{key!r}]" for key in keys)
        message = f"{where}{f' of section {section!r}' if section else ''}: {error}"
        raise ValueError(message) from error
