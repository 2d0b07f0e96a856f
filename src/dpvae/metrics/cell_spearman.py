"""Rank correlation of the distances from each cell."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import cdist
from scipy.stats import rankdata

from dpvae.metrics.paired import check_has_shape, paired_cells

LARGEST_BLOCK = 1_000_000


def cell_distance_spearman(
    true: ArrayLike, recovered: ArrayLike, *, max_cells: int = 1000, seed: int = 0
) -> float:
    """Rank correlation of the distances from one cell to all others, median over cells.

    The score of LUNA :cite:p:`Yu25`. :func:`distance_spearman` ranks the distances of all pairs
    together, and is another number: there a cell at the border counts more.

    Parameters
    ----------
    true
        Shape ``(n_cells, n_dims)``, in any unit.
    recovered
        Coordinates or a latent representation, shape ``(n_cells, n_columns)``, in any unit. Rows
        with NaN in either are dropped.
    max_cells
        From how many cells distances are ranked, to all others; random ones if there are more. By
        default 1000.
    seed
        Seed of the random cells. By default 0.

    Returns
    -------
    From −1 to 1, the same order of distances from half of the cells. Shuffled cells score near 0.
    A cell whose distances are all equal in one set counts as 0.

    Raises
    ------
    ValueError
        If the numbers of rows differ, fewer than three cells are known in both, all cells of one
        set share one place, or ``max_cells`` is below 1.

    Notes
    -----
    Time O(max_cells n_cells log n_cells), memory O(n_cells n_dims) and blocks of a million
    distances.

    Examples
    --------
    >>> from dpvae.metrics import cell_distance_spearman
    >>> cell_distance_spearman([[0, 0], [1, 0], [3, 0]], [[0, 0], [2, 0], [9, 0]])
    1.0
    """
    if max_cells < 1:
        message = f"max_cells is {max_cells}: pass at least 1."
        raise ValueError(message)
    first, second = paired_cells(true, recovered, at_least=3)
    check_has_shape(first, name="true")
    check_has_shape(second, name="recovered")
    chosen = np.random.default_rng(seed).permutation(len(first))[:max_cells]
    height = max(LARGEST_BLOCK // len(first), 1)
    found = [
        _row_correlations(_ranks(first, rows), _ranks(second, rows))
        for rows in np.split(chosen, range(height, len(chosen), height))
    ]
    return float(np.median(np.concatenate(found)))


def _ranks(points: NDArray[np.float64], rows: NDArray[np.intp]) -> NDArray[np.float64]:
    """Ranks of the distances from some cells to all others, shape ``(n_rows, n_cells - 1)``."""
    distance = cdist(points[rows], points)
    is_other = np.arange(len(points)) != rows[:, None]
    return np.asarray(rankdata(distance[is_other].reshape(len(rows), -1), axis=1))


def _row_correlations(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    one = one - one.mean(axis=1, keepdims=True)
    other = other - other.mean(axis=1, keepdims=True)
    size = np.sqrt((one**2).sum(axis=1) * (other**2).sum(axis=1))
    return np.asarray((one * other).sum(axis=1) / np.where(size > 0.0, size, 1.0))
