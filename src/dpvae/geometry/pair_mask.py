"""Checks of pair masks."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, issparse

from dpvae._data.counted import counted

SYMMETRY = 1e-9


def check_pair_mask(
    pair_mask: Any,
    n_cells: int,
    *,
    name: str = "pair_mask",
    section: NDArray[np.int64] | None = None,
) -> csr_matrix:
    """Validate which pairs of cells count, and how much: G of eq. 5 of Zhou & Du 2024.

    Parameters
    ----------
    pair_mask
        SciPy sparse matrix or array, shape ``(n_cells, n_cells)``: symmetric, finite, at least 0,
        with one pair or more that is not 0. The diagonal does not count.
    n_cells
        How many cells there are.
    name
        How messages call it.
    section
        Codes of the sections, shape ``(n_cells,)``. By default all cells are of one section.

    Returns
    -------
    G as float64, without diagonal and stored zeros. Memory O(n_pairs).

    Raises
    ------
    ValueError
        If it is no such matrix, or pairs cells of different sections.

    Examples
    --------
    >>> from scipy.sparse import csr_matrix
    >>> from dpvae.geometry import check_pair_mask
    >>> check_pair_mask(csr_matrix([[1, 2], [2, 0]]), 2).toarray().tolist()
    [[0.0, 2.0], [2.0, 0.0]]
    """
    if not issparse(pair_mask):
        message = (
            f"{name} is of type {type(pair_mask).__name__}; pass a SciPy sparse matrix, such as "
            "dpvae.tl.pair_mask writes."
        )
        raise ValueError(message)
    if pair_mask.shape != (n_cells, n_cells):
        message = f"{name} has shape {pair_mask.shape}; {n_cells} cells need {(n_cells, n_cells)}."
        raise ValueError(message)
    graph = csr_matrix(pair_mask, dtype=np.float64, copy=True)
    n_wrong = int((~np.isfinite(graph.data) | (graph.data < 0)).sum())
    if n_wrong:
        message = f"{name} has {n_wrong} entries that are negative or not finite; weights are ≥ 0."
        raise ValueError(message)
    graph.setdiag(0.0)
    graph.eliminate_zeros()
    if graph.nnz == 0:
        message = f"{name} pairs no two different cells; at least one pair must count."
        raise ValueError(message)
    gap = abs(graph - graph.T)
    n_one_sided = int((gap.data > SYMMETRY * graph.data.max()).sum()) // 2
    if n_one_sided:
        message = (
            f"{name} is not symmetric: {n_one_sided} pairs differ from their mirror image. "
            "Pass (G + G.T) / 2, or G.maximum(G.T)."
        )
        raise ValueError(message)
    if section is not None:
        pairs = graph.tocoo()
        n_across = int((section[pairs.row] != section[pairs.col]).sum()) // 2
        if n_across:
            message = (
                f"{name} has {counted(n_across, 'pair')} across sections, where distances mean "
                "nothing. Make "
                "it with dpvae.tl.pair_mask(..., sample_key=…), or set these pairs to 0."
            )
            raise ValueError(message)
    return graph
