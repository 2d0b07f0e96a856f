"""Latents of cells on disk, and queries on disk: a chunk of cells after the other."""

from collections.abc import Callable, Sequence
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
    compute: Callable[..., Any],
    n_cells: int,
    indices: Sequence[int] | NDArray[Any] | None = None,
    give_mean: bool = True,  # noqa: FBT001, FBT002
    mc_samples: int = 5000,
    batch_size: int | None = None,
    return_dist: bool = False,  # noqa: FBT001, FBT002
    **kwargs: Any,
) -> Any:
    """Compute latents of cells on disk in chunks of about 16,000, of whole minibatches.

    The results of all minibatches, kept one by one until the last, would split free memory into
    parts too small for another minibatch, so that a process grows by gigabytes.

    Parameters
    ----------
    compute
        Computes latents of cells, given their numbers and all arguments from ``give_mean`` on.
    n_cells
        Number of cells.
    indices
        The cells, by number or as a mask; ``None`` is all.
    give_mean, mc_samples, batch_size, return_dist, **kwargs
        As in :meth:`scvi.model.SCVI.get_latent_representation`.

    Returns
    -------
    What ``compute`` returns, for all cells. With ``give_mean=False`` the samples differ
    from those drawn in one pass.
    """
    rows = np.arange(n_cells) if indices is None else np.asarray(indices)
    rows = np.flatnonzero(rows) if rows.dtype == bool else rows
    n_batch = batch_size or settings.batch_size
    size = max(CELLS_AT_A_TIME // n_batch, 1) * n_batch
    results: list[NDArray[Any]] = []
    for begin in range(0, max(len(rows), 1), size):
        found = compute(
            rows[begin : begin + size],
            give_mean=give_mean,
            mc_samples=mc_samples,
            batch_size=batch_size,
            return_dist=return_dist,
            **kwargs,
        )
        parts = found if return_dist else (found,)
        results = results or [np.empty((len(rows), *x.shape[1:]), x.dtype) for x in parts]
        for result, part in zip(results, parts, strict=True):
            result[begin : begin + size] = part
    return tuple(results) if return_dist else results[0]
