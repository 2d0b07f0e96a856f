"""Counts brought to the depth of a reference."""

import warnings
from collections.abc import Mapping

import numpy as np
import scanpy as sc
from anndata import AnnData

from dpvae._data.expression import expression_of


def typical_counts(adata: AnnData, layer: str | None) -> dict[str, float]:
    """Share out the median depth of the cells among the genes, as all cells together have them."""
    counts = expression_of(adata, layer)
    depth = np.asarray(counts.sum(axis=1), dtype=np.float64).ravel()
    of_genes = np.asarray(counts.sum(axis=0), dtype=np.float64).ravel()
    median = np.median(depth[depth > 0]) if depth.any() else 1.0
    return dict(zip(adata.var_names, of_genes * (median / max(depth.sum(), 1.0)), strict=True))


def log_normalized(adata: AnnData, layer: str | None, counts: Mapping[str, float]) -> AnnData:
    """Bring cells to the depth of typical ones, over the genes that are known of these, and log.

    Parameters
    ----------
    adata
        Cells with counts; they are not changed.
    layer
        Layer with the counts.
    counts
        What :func:`typical_counts` gave of the reference. Genes that are missing here, or missing
        there, do not count for the depth.

    Returns
    -------
    A copy with the genes that are known of the typical cells; if there are none, the cells.
    """
    known = adata.var_names.isin(list(counts))
    if not known.any():
        return adata
    normalized = adata[:, known].copy()
    target = sum(counts[gene] for gene in normalized.var_names.unique())
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Some cells have zero counts")
        sc.pp.normalize_total(normalized, target_sum=target or 1.0, layer=layer)
    sc.pp.log1p(normalized, layer=layer)
    return normalized
