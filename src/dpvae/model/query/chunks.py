"""Latents of cells on disk, and queries on disk: a chunk of cells after the other."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray
from scvi import settings

from dpvae._data.expression import expression_name, expression_of, is_expression_on_disk

CELLS_AT_A_TIME = 16_384


def refuse_query_on_disk(adata: AnnData, layer: str | None) -> None:
    """Raise if a query that is needed in memory is on disk."""
    if is_expression_on_disk(adata, layer):
        message = (
            f"{expression_name(layer)} of the query is on disk; only predict_coordinates and "
            "get_latent_representation read it piece by piece, and not with "
            "standardize='section', which needs a section as a whole. Pass some of its cells, "
            "such as query[:10_000].to_memory()."
        )
        raise ValueError(message)


def query_chunk(adata: AnnData, layer: str | None, rows: NDArray[np.intp]) -> AnnData:
    """Bring what a model reads of some cells into memory.

    Parameters
    ----------
    adata
        The query.
    layer
        Layer of the expression.
    rows
        Numbers of the cells.
    """
    values = expression_of(adata, layer)[rows]
    return AnnData(
        X=values if layer is None else None,
        layers={} if layer is None else {layer: values},
        obs=adata.obs.iloc[rows],
        var=pd.DataFrame(index=adata.var_names),
    )


def latent_by_chunks(
    compute: Callable[[NDArray[np.intp]], Any], rows: NDArray[np.intp], batch_size: int | None
) -> Any:
    """Compute latents of cells on disk in chunks of about 16,000, of whole minibatches.

    The results of all minibatches, kept one by one until the last, would split free memory into
    parts too small for another minibatch, so that a process grows by gigabytes.

    Parameters
    ----------
    compute
        Computes latents of cells, given their numbers: an array, or a tuple of arrays.
    rows
        Numbers of the cells.
    batch_size
        Cells per minibatch; ``None`` is the number of scvi-tools.

    Returns
    -------
    What ``compute`` returns, for all cells. Samples differ from those drawn in one pass.
    """
    n_batch = batch_size or settings.batch_size
    size = max(CELLS_AT_A_TIME // n_batch, 1) * n_batch
    results: list[NDArray[Any]] = []
    found: Any = None
    for begin in range(0, max(len(rows), 1), size):
        found = compute(rows[begin : begin + size])
        parts = found if isinstance(found, tuple) else (found,)
        results = results or [np.empty((len(rows), *x.shape[1:]), x.dtype) for x in parts]
        for result, part in zip(results, parts, strict=True):
            result[begin : begin + size] = part
    return tuple(results) if isinstance(found, tuple) else results[0]
