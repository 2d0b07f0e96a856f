"""Where results are written, so that nothing of others is overwritten."""

from collections.abc import Iterable
from typing import Any

import pandas as pd
from anndata import AnnData

from dpvae._data.culprit import obsm_name
from dpvae._keys import OBSM, params_key


def check_name(key: str) -> None:
    """Raise if a key cannot be written to a file."""
    if not isinstance(key, str) or not key or "/" in key:
        message = (
            f"key_added is {key!r}: give a text without a slash, which h5ad files cannot have in a "
            "key."
        )
        raise ValueError(message)


def check_free_key(adata: AnnData, key: str) -> None:
    """Raise if a result would overwrite something that this package did not write."""
    check_name(key)
    ours = isinstance(adata.uns.get(params_key(key)), dict)
    if key in adata.obsm:
        check_ours(obsm_name(key), is_ours=ours and key != OBSM.spatial)
    elif key == OBSM.spatial:
        message = f"key_added={key!r} is kept for measured coordinates: choose another key_added=…"
        raise ValueError(message)


def check_free_uns(adata: AnnData, key: str) -> None:
    """Raise if a table would overwrite something that is not a table of results."""
    check_name(key)
    if key in adata.uns:
        check_ours(f"adata.uns[{key!r}]", is_ours=isinstance(adata.uns[key], pd.DataFrame))


def check_free_columns(adata: AnnData, key: str, columns: Iterable[str]) -> None:
    """Raise if columns of var would overwrite something that this package did not write."""
    check_name(key)
    ours = isinstance(adata.uns.get(params_key(key)), dict)
    for column in columns:
        if column in adata.var:
            check_ours(f"adata.var[{column!r}]", is_ours=ours)


def check_ours(where: str, *, is_ours: bool) -> None:
    """Raise if what exists there was not written by this package."""
    if not is_ours:
        message = f"{where} exists and would be overwritten: choose another key_added=…"
        raise ValueError(message)


def given_or_written(
    adata: AnnData, key: str, rows: list[dict[str, Any]], *, copy: bool
) -> pd.DataFrame | None:
    """Write rows as a table into ``adata.uns``, or return it if a copy is wanted."""
    table = pd.DataFrame(rows)
    if copy:
        return table
    adata.uns[key] = table
    return None
