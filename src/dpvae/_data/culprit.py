"""What in an AnnData an error is about."""

from collections.abc import Iterator
from contextlib import contextmanager


def obsm_name(key: str, *, name: str = "adata") -> str:
    """Where an array is, in the words of the user, who calls the AnnData by this name."""
    return f"{name}.obsm[{key!r}]"


@contextmanager
def named_in_errors(*arrays: str, section: str = "") -> Iterator[None]:
    """Begin messages about arrays with where these are in the AnnData.

    Parameters
    ----------
    *arrays
        Where they are, see :func:`obsm_name`.
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
        part = f" of section {section!r}" if section else ""
        message = f"{' and '.join(arrays)}{part}: {error}"
        raise ValueError(message) from error
