"""The choice of genes before training."""

from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray

from dpvae._data.culprit import obsm_name
from dpvae._data.expression import (
    check_log_normalized,
    depths,
    expression_name,
    expression_of,
    holds_counts,
)
from dpvae._data.section import named_sections
from dpvae._data.whole_number import check_whole
from dpvae._keys import OBSM
from dpvae.geometry import check_coordinates, known_rows
from dpvae.pp.spatial_variability import spatial_variability
from dpvae.tl.coordinates import read_coordinates

CHOSEN = "spatially_variable"
FEWEST_GENES, MOST_GENES = 500, 2_000


def spatially_variable_genes(
    adata: AnnData,
    *,
    n_top_genes: int | None = None,
    spatial_key: str = OBSM.spatial,
    sample_key: str | None = None,
    layer: str | None = None,
    subset: bool = False,
    copy: bool = False,
) -> pd.DataFrame | None:
    """Mark the genes to learn places from: they vary, and their pattern follows the tissue.

    For whole transcriptomes. Of 15,000 genes most say nothing about place, and a model cannot
    learn to ignore them all from a few hundred spots. :func:`scanpy.pp.highly_variable_genes`
    knows nothing about place, and prefers rare genes; see :doc:`/benchmarks/genes`.

    The score of a gene is its standard deviation times its Moran's I :cite:p:`Moran50` over six
    nearest neighbours, 0 if that is negative, plus 0.01. Of several sections it is the mean, each
    weighted by its cells of known place. With few cells Moran's I is partly chance: it is shrunk
    towards the mean of all genes by the share of its spread that chance explains. The models weigh
    genes in the same way.

    This is a choice, not a test: for p-values see :func:`dpvae.tl.spatially_variable_genes`.

    Parameters
    ----------
    adata
        The reference: choose genes on the cells that you learn from, never on those that you test
        with. Data on disk are read in parts.
    n_top_genes
        How many genes to choose. By default as many as there are cells of known place, but at
        least 500 and at most 2,000. All are chosen if there are no more.
    spatial_key
        Key of the coordinates in ``adata.obsm``. Cells of unknown place (rows of NaN) do not
        count, except for the deviation of genes in a section with fewer than 100 known places;
        with fewer than ten, Moran's I does not count there. Of a section with more than 20,000
        cells, only 20,000 random ones (always the same) are used.
    sample_key
        Column of ``adata.obs`` that names the section. By default all cells are one section.
    layer
        Layer of the expression, counts or log-normalised values. By default ``adata.X``. Counts
        are brought to their median depth and logarithms are taken, without a change to ``adata``.
    subset
        Whether to keep only the chosen genes in ``adata``.
    copy
        Whether to return the table instead of writing it.

    Returns
    -------
    ``None``, or with ``copy=True`` the table. Its columns, which are written into ``adata.var``,
    are

    - ``spatially_variable``: whether the gene is chosen;
    - ``spatially_variable_rank``: 0 for the gene with the highest score, 1 for the next;
    - ``spatially_variable_score``: the score, 0 for a gene that does not vary.

    Raises
    ------
    KeyError
        If a key does not exist.
    ValueError
        If ``n_top_genes`` is not a positive integer, coordinates or values are not usable, or
        genes of an ``adata`` on disk or of a view are to be dropped. ``adata`` is unchanged then.

    Notes
    -----
    Seconds for 10,000 cells and 20,000 genes; memory of one section's known cells, sparse.

    Examples
    --------
    >>> import dpvae
    >>> adata = dpvae.datasets.simulated_tissue(300, 100)
    >>> dpvae.pp.spatially_variable_genes(adata, n_top_genes=20)
    >>> int(adata.var["spatially_variable"].sum())
    20
    >>> reference = adata[:, adata.var["spatially_variable"]].copy()
    """
    if n_top_genes is not None:
        check_whole(n_top_genes, "n_top_genes", remedy=", or leave it out")
    matrix = expression_of(adata, layer)
    coordinates = read_coordinates(adata, spatial_key)
    check_coordinates(coordinates, name=obsm_name(spatial_key))
    section = named_sections(adata, sample_key)
    if subset and not copy:
        _check_can_lose_genes(adata)
    known = known_rows(coordinates)
    if n_top_genes is None:
        n_top_genes = int(np.clip(known.sum(), FEWEST_GENES, MOST_GENES))
    depth = None
    if holds_counts(adata, layer):
        depth = _median_depth(matrix, known, expression_name(layer))
    else:
        check_log_normalized(adata, layer)
    score = spatial_variability(matrix, coordinates, section, depth)
    table = _ranked(score, adata.var_names, n_top_genes)
    if copy:
        return table[table[CHOSEN]] if subset else table
    for column in table:
        adata.var[column] = table[column]
    if subset:
        adata._inplace_subset_var(table[CHOSEN].to_numpy())
    return None


def _ranked(score: NDArray[np.float64], genes: pd.Index, n_top_genes: int) -> pd.DataFrame:
    rank = np.empty(len(score), dtype=np.int64)
    rank[np.argsort(-score, kind="stable")] = np.arange(len(score))
    columns = {CHOSEN: rank < n_top_genes, f"{CHOSEN}_rank": rank, f"{CHOSEN}_score": score}
    return pd.DataFrame(columns, index=genes)


def _median_depth(counts: Any, known: NDArray[np.bool_], name: str) -> float:
    """Median of the totals of cells of known place that have counts."""
    total = depths(counts)
    if not np.isfinite(total).all():
        message = f"{name} holds values that are NaN or infinite: replace or remove them."
        raise ValueError(message)
    counted = total[known & (total > 0)]
    return float(np.median(counted)) if len(counted) else 1.0


def _check_can_lose_genes(adata: AnnData) -> None:
    """Raise if genes cannot be dropped from the AnnData itself."""
    if adata.isbacked or adata.is_view:
        what = "on disk" if adata.isbacked else "a view of another AnnData"
        call = "to_memory()" if adata.isbacked else "copy()"
        message = (
            f"adata is {what}, which cannot lose genes: leave subset out, and then take "
            f"adata[:, adata.var[{CHOSEN!r}]].{call}."
        )
        raise ValueError(message)
