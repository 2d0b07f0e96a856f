"""Patterns that dissociated cells draw on the positions of a reference."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, issparse
from sklearn.neighbors import kneighbors_graph

from dpvae._data.arguments import check_is_anndata
from dpvae._data.counted import counted
from dpvae._data.culprit import obsm_name
from dpvae._data.expression import check_log_normalized, expression_of
from dpvae._data.some_rows import at_most
from dpvae._keys import OBSM, UNS
from dpvae.geometry import known_rows
from dpvae.geometry.likely_positions import (
    LikelyPositions,
    Values,
    cells_at_once,
    fit_likely_positions,
)
from dpvae.tl.coordinates import read_coordinates

N_NEIGHBORS = 10
FEWEST_CELLS = 20
FEWEST_GENES = 10
MOST_CELLS_TO_CHOOSE_BY = 1_000
HARDLY = 0.1

Read = Callable[[NDArray[np.intp]], Values]


def paint(
    query: AnnData,
    reference: AnnData,
    genes: Sequence[str] | None = None,
    *,
    layer: str | None = None,
    spatial_key: str = OBSM.spatial,
    seed: int = 0,
) -> AnnData:
    r"""Draw genes of cells without coordinates on the positions of a reference.

    For genes that the reference does not have: a map of the whole transcriptome, from an atlas of
    some genes and dissociated cells. Each cell gets a probability of every position, so that a cell
    that could come from several stripes contributes to each of them; a place in their middle would
    blur all. The value at a position is the mean of the cells, weighted by their probability.

    The probability that cell i is at position j is in proportion to :math:`\exp(s\, r_{ij})`, with
    r the correlation, over the shared genes, of the cell's expression with the mean of the ten
    nearest positions, both above the mean of all positions. s is chosen by hiding a fifth of these
    genes at a time, such that cells draw them best. No model is used: probabilities from latent
    distances, or those of a posterior, drew worse.

    Parameters
    ----------
    query
        The cells. No coordinates are needed; if there are any, they are not read.
    reference
        One section or atlas, with coordinates, normalised like the query. Genes are matched by
        name. Leave a gene out of it to see how well it would have been drawn.
    genes
        Genes of the query to draw, whether the reference has them or not. By default all.
    layer
        Layer of the log-normalised expression of both. By default ``X``.
    spatial_key
        Key of the reference's coordinates in ``obsm``. Cells of unknown place are left out.
    seed
        Seed of the choice of s.

    Returns
    -------
    A new AnnData: positions of the reference × genes, in the unit of the query's expression, with
    the reference's ``obs`` and coordinates, and with ``uns["dpvae_paint"]``:

    - ``hidden_correlation``: mean correlation of the patterns of hidden genes with the reference's,
      which can be expected of genes that the reference does not have;
    - ``sharpness``: s;
    - ``n_genes``: how many genes both have.

    Neither ``query`` nor ``reference`` is changed.

    Raises
    ------
    KeyError
        If there are no coordinates or no such layer, or the query lacks one of ``genes``.
    ValueError
        If names of genes occur more than once, in the data or in ``genes``, or ``genes`` is empty;
        if values are raw counts or not finite; or if there are fewer than 10 genes that both have,
        20 cells in the query or 20 of known place in the reference.

    Warns
    -----
    UserWarning
        If cells hardly draw the patterns of hidden genes (a correlation below 0.1).

    Notes
    -----
    The mean over cells presumes that they are an even sample of the kinds of cells at a position.
    A position that few cells come from is drawn by these few.

    Time grows with cells × positions × genes: a second for 1,300 cells, 3,000 positions and 84
    genes. Memory: the drawn genes and the reference's shared genes at all positions, and blocks of
    four million probabilities. Expression on disk is read in parts.

    Examples
    --------
    >>> import dpvae
    >>> import scanpy as sc
    >>> tissue = dpvae.datasets.simulated_tissue(600, 60)
    >>> sc.pp.normalize_total(tissue)
    >>> sc.pp.log1p(tissue)
    >>> query, reference = tissue[:300].copy(), tissue[300:, :40].copy()
    >>> painted = dpvae.tl.paint(query, reference, genes=["gene_50", "gene_51"])
    >>> painted.shape
    (300, 2)
    """
    wanted = _wanted(query, reference, genes)
    check_log_normalized(query, layer, name="query")
    check_log_normalized(reference, layer, name="reference")
    values, known_values = expression_of(query, layer), expression_of(reference, layer)
    places = read_coordinates(reference, spatial_key, name="reference")
    rows = np.flatnonzero(known_rows(places))
    shared = query.var_names.intersection(reference.var_names).sort_values()
    _check_enough(query.n_obs, len(rows), len(shared), obsm_name(spatial_key, name="reference"))
    means = _means_around(places[rows], rows, _reader(known_values, reference, shared))
    read = _reader(values, query, shared)
    some = at_most(np.arange(query.n_obs), MOST_CELLS_TO_CHOOSE_BY, np.random.default_rng(seed))
    likely = fit_likely_positions(read(some), means, seed=seed)
    if likely.hidden_correlation < HARDLY:
        _warn(likely.hidden_correlation)
    blocks = _blocks(query.n_obs, len(rows), read, _reader(values, query, wanted))
    painted = AnnData(
        likely.patterns(blocks).astype(np.float32),
        obs=reference.obs.iloc[rows].copy(),
        var=query.var.loc[wanted].copy(),
        obsm={spatial_key: places[rows]},
    )
    painted.uns[UNS.paint] = _how(likely, len(shared))
    return painted


def _wanted(query: AnnData, reference: AnnData, genes: Sequence[str] | None) -> pd.Index:
    for name, adata in (("query", query), ("reference", reference)):
        check_is_anndata(adata, name=name)
        if not adata.var_names.is_unique:
            n_twice = int(adata.var_names.duplicated().sum())
            occur = counted(n_twice, f"gene name of {name} occurs", f"gene names of {name} occur")
            message = f"{occur} more than once. Run {name}.var_names_make_unique()."
            raise ValueError(message)
    every: pd.Index = query.var_names
    if genes is None:
        return every
    wanted = pd.Index([genes] if isinstance(genes, str) else list(genes))
    missing = [str(gene) for gene in wanted if gene not in every]
    if missing:
        message = (
            f"{len(missing)} of the {len(wanted)} genes to draw are not in query.var_names: "
            f"{missing[:5]}. Only genes of the query can be drawn."
        )
        raise KeyError(message)
    if wanted.has_duplicates or wanted.empty:
        message = (
            f"genes holds {len(wanted)} names, {wanted.nunique()} of them different: name each "
            "gene to draw once, and at least one."
        )
        raise ValueError(message)
    return wanted


def _check_enough(n_cells: int, n_positions: int, n_genes: int, where: str) -> None:
    if n_genes < FEWEST_GENES:
        message = (
            f"query and reference share {counted(n_genes, 'gene')}, {FEWEST_GENES} are needed. "
            "See with "
            "dpvae.tl.match_genes(query, reference) whether they are called by other names."
        )
        raise ValueError(message)
    if min(n_cells, n_positions) < FEWEST_CELLS:
        message = (
            f"query has {counted(n_cells, 'cell')} and reference {n_positions} of known place, in "
            f"{where}; at "
            f"least {FEWEST_CELLS} of each are needed to draw patterns."
        )
        raise ValueError(message)


def _reader(values: Any, adata: AnnData, genes: pd.Index) -> Read:
    columns = adata.var_names.get_indexer(genes)
    by_rows = csr_matrix(values) if issparse(values) else values

    def read(rows: NDArray[np.intp]) -> Values:
        found = by_rows[rows][:, columns]
        return np.asarray(found.toarray() if issparse(found) else found, dtype=np.float32)

    return read


def _means_around(places: NDArray[np.float64], rows: NDArray[np.intp], read: Read) -> Values:
    """Mean expression of the ten nearest positions, each itself included."""
    near = kneighbors_graph(places, N_NEIGHBORS, include_self=True) / N_NEIGHBORS
    means = []
    for block in np.array_split(np.arange(len(rows)), -(-len(rows) // 512)):
        used = np.unique(near[block].indices)
        means.append(near[block][:, used] @ read(rows[used]))
    return np.asarray(np.vstack(means), dtype=np.float32)


def _blocks(
    n_cells: int, n_positions: int, decides: Read, drawn: Read
) -> Iterator[tuple[Values, Values]]:
    step = cells_at_once(n_positions)
    for begin in range(0, n_cells, step):
        cells = np.arange(begin, min(begin + step, n_cells))
        yield decides(cells), drawn(cells)


def _warn(correlation: float) -> None:
    message = (
        f"Patterns that the cells draw of hidden genes have a mean correlation of "
        f"{correlation:.2f} with the reference's: what they draw of other genes may mean "
        "little. Check that query and reference were normalised alike and show the same tissue."
    )
    warnings.warn(message, UserWarning, stacklevel=3)


def _how(likely: LikelyPositions, n_genes: int) -> dict[str, float | int]:
    return {
        "hidden_correlation": likely.hidden_correlation,
        "sharpness": likely.sharpness,
        "n_genes": n_genes,
    }
