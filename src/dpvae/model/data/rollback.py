"""Undoing what a failed call wrote into an AnnData."""

from collections.abc import Iterator
from contextlib import contextmanager

from anndata import AnnData


@contextmanager
def unchanged_if_it_fails(adata: AnnData) -> Iterator[None]:
    """Leave ``obs``, ``obsm`` and ``uns`` as they were if what is done in between raises an error.

    Columns and entries that were added or replaced are undone; nothing is copied.

    Parameters
    ----------
    adata
        The cells.
    """
    if not isinstance(adata, AnnData):
        yield
        return
    columns = {name: adata.obs[name] for name in adata.obs}
    obsm, uns = dict(adata.obsm), dict(adata.uns)
    try:
        yield
    except BaseException:
        for name in [name for name in adata.obs if name not in columns]:
            del adata.obs[name]
        for name, column in columns.items():
            if not column.equals(adata.obs[name]) or column.dtype != adata.obs[name].dtype:
                adata.obs[name] = column
        _restore(adata.obsm, obsm)
        _restore(adata.uns, uns)
        raise


def _restore(found: dict[str, object], before: dict[str, object]) -> None:
    for name in [name for name in found if name not in before]:
        del found[name]
    for name, value in before.items():
        if found[name] is not value:
            found[name] = value
