"""Where results are written in ``adata.uns``."""

from typing import Any

import pandas as pd
from anndata import AnnData

from dpvae.tl.coordinates import check_name


def check_free_uns(adata: AnnData, key: str) -> None:
    """Raise where a table would overwrite something that is not a table of results."""
    check_name(key)
    if key in adata.uns and not isinstance(adata.uns[key], pd.DataFrame):
        message = f"adata.uns[{key!r}] exists and would be overwritten: choose another key_added=…"
        raise ValueError(message)


def given_or_written(
    adata: AnnData, key: str, rows: list[dict[str, Any]], *, copy: bool
) -> pd.DataFrame | None:
    """Write rows as a table into ``adata.uns``, or return it where a copy is wanted."""
    table = pd.DataFrame(rows)
    if copy:
        return table
    adata.uns[key] = table
    return None
