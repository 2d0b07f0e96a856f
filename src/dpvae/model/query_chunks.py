"""A query on disk, a chunk of cells after the other."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray
from scvi import settings

from dpvae._matrix_on_disk import is_on_disk
from dpvae.model.expression import expression_name, expression_of

CELLS_AT_A_TIME = 16_384


def is_query_on_disk(adata: AnnData, layer: str | None) -> bool:
    """Whether the values that a model reads of a query are on disk."""
    values = adata.X if layer is None else adata.layers.get(layer)
    return is_on_disk(values)


def refuse_query_on_disk(adata: AnnData, layer: str | None) -> None:
    """Raise where a query is needed in memory but is on disk."""
    if is_query_on_disk(adata, layer):
        message = (
            f"{expression_name(layer)} of the query is on disk; only predict_coordinates and "
            "get_latent_representation read it piece by piece, and not with "
            "standardize='section', which needs a section as a whole. Pass some of its cells, "
            "such as query[:10_000].to_memory()."
        )
        raise ValueError(message)


def query_chunk(adata: AnnData, setup: Mapping[str, Any], rows: NDArray[np.intp]) -> AnnData:
    """Bring what a model reads of some cells into memory.

    Parameters
    ----------
    adata
        The query.
    setup
        The arguments of ``setup_anndata``.
    rows
        Numbers of the cells.
    """
    values, layer = expression_of(adata, setup["layer"])[rows], setup["layer"]
    chunk = AnnData(
        X=values if layer is None else None,
        layers={} if layer is None else {layer: values},
        obs=adata.obs.iloc[rows],
        var=pd.DataFrame(index=adata.var_names),
    )
    if setup["spatial_key"] in adata.obsm:
        chunk.obsm[setup["spatial_key"]] = np.asarray(adata.obsm[setup["spatial_key"]][rows])
    return chunk


def latent_by_chunks(
    compute: Callable[..., Any],
    adata: AnnData,
    setup: Mapping[str, Any],
    indices: Sequence[int] | NDArray[Any] | None = None,
    give_mean: bool = True,  # noqa: FBT001, FBT002
    mc_samples: int = 5000,
    batch_size: int | None = None,
    return_dist: bool = False,  # noqa: FBT001, FBT002
    **kwargs: Any,
) -> Any:
    """Compute latents of a query in chunks of about 16,000 cells, of whole minibatches.

    Parameters
    ----------
    compute
        ``get_latent_representation`` of a model, for a query in memory.
    adata
        The query.
    setup
        The arguments of ``setup_anndata``.
    indices
        The cells, by number or as a mask; ``None`` is all.
    give_mean, mc_samples, batch_size, return_dist, **kwargs
        As in :meth:`scvi.model.SCVI.get_latent_representation`.

    Returns
    -------
    What ``compute`` returns, for all cells. With ``give_mean=False`` the samples are others than
    those of one pass.
    """
    rows = np.arange(adata.n_obs) if indices is None else np.asarray(indices)
    rows = np.flatnonzero(rows) if rows.dtype == bool else rows
    n_batch = batch_size or settings.batch_size
    size = max(CELLS_AT_A_TIME // n_batch, 1) * n_batch
    parts = [
        compute(
            query_chunk(adata, setup, rows[begin : begin + size]),
            give_mean=give_mean,
            mc_samples=mc_samples,
            batch_size=batch_size,
            return_dist=return_dist,
            **kwargs,
        )
        for begin in range(0, len(rows), size)
    ]
    if return_dist:
        return tuple(np.concatenate(values) for values in zip(*parts, strict=True))
    return np.concatenate(parts)
