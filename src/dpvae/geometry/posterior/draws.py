"""Positions that are drawn by their probabilities."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix


def draw_positions(
    probabilities: csr_matrix, n_draws: int, rng: np.random.Generator
) -> NDArray[np.intp]:
    """Draw a position for each cell, several times, each cell independently of all others.

    Parameters
    ----------
    probabilities
        Shape ``(n_cells, n_positions)``, rows of sum 1.
    n_draws
        How many times.
    rng
        Source of randomness.

    Returns
    -------
    Row numbers of positions, shape ``(n_draws, n_cells)``. Time O(n_draws n_cells log n), memory
    O(n) for n probabilities that are not 0, and of the result.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.sparse import csr_matrix
    >>> from dpvae.geometry.posterior.draws import draw_positions
    >>> draw_positions(csr_matrix([[0, 1.0], [1.0, 0]]), 3, np.random.default_rng(0)).tolist()
    [[1, 0], [1, 0], [1, 0]]
    """
    rows = csr_matrix(probabilities, copy=True)
    rows.eliminate_zeros()
    ends = np.concatenate([[0.0], np.cumsum(rows.data, dtype=np.float64)])[rows.indptr]
    heights = rng.uniform(ends[:-1], ends[1:], size=(n_draws, rows.shape[0]))
    drawn = np.searchsorted(np.cumsum(rows.data, dtype=np.float64), heights, side="right")
    return np.asarray(rows.indices[np.clip(drawn, rows.indptr[:-1], rows.indptr[1:] - 1)], np.intp)
