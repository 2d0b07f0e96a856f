"""Log-normalised expression of an AnnData, in memory or on disk."""

from typing import Any

import numpy as np
from anndata import AnnData
from scipy.sparse import issparse

from dpvae._matrix_on_disk import open_matrix

ROWS_TO_CHECK = 4_096


def read_log_normalised(adata: AnnData, layer: str | None, *, name: str = "adata") -> Any:
    """Expression of an AnnData, whose rows can be read; raise where it is none or raw counts.

    Parameters
    ----------
    adata
        The cells.
    layer
        Layer of their expression, or ``None`` for ``X``.
    name
        What the user calls the AnnData.
    """
    if layer is not None and layer not in adata.layers:
        message = f"There is no {name}.layers[{layer!r}]; layers are {sorted(adata.layers)}."
        raise KeyError(message)
    where = f"{name}.X" if layer is None else f"{name}.layers[{layer!r}]"
    found = adata.X if layer is None else adata.layers[layer]
    if found is None:
        message = f"{where} is empty: put the expression there, or name its layer with layer=…"
        raise ValueError(message)
    values = open_matrix(found)
    some = values[:ROWS_TO_CHECK]
    stored = some.data if issparse(some) else np.asarray(some)
    if not np.isfinite(stored).all():
        message = f"{where} holds values that are NaN or infinite: replace or remove them."
        raise ValueError(message)
    if stored.size and stored.max() > 1 and (stored == np.round(stored)).all():
        message = (
            f"{where} holds raw counts (only integers), but log-normalised values are needed. Run "
            f"sc.pp.normalize_total({name}) and sc.pp.log1p({name}), or name their layer with "
            "layer=…"
        )
        raise ValueError(message)
    return values
