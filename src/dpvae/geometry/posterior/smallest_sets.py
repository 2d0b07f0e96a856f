"""The fewest positions that hold a share of probability."""

import numpy as np
from scipy.sparse import csr_matrix

ROUNDING = 1e-6


def smallest_sets(probabilities: csr_matrix, level: float) -> csr_matrix:
    """Find for each row the fewest columns that hold a share of its probability.

    Parameters
    ----------
    probabilities
        Shape ``(n_cells, n_positions)``, rows of sum 1.
    level
        The share, but for a millionth.

    Returns
    -------
    True for what belongs to the set of a row, of the same shape. Of columns that are equally
    probable, earlier ones come first.
    """
    inside = csr_matrix(probabilities, dtype=np.float64, copy=True)
    n_each = np.diff(inside.indptr)
    falling = np.lexsort((-inside.data, np.repeat(np.arange(len(n_each)), n_each)))
    sums = np.concatenate([[0.0], np.cumsum(inside.data[falling])])
    before = sums[:-1] - np.repeat(sums[inside.indptr[:-1]], n_each)
    inside.data[falling] = before < level - ROUNDING
    inside = csr_matrix(inside, dtype=bool)
    inside.eliminate_zeros()
    return inside


def check_level(level: float) -> None:
    """Raise if a level is not between 0 and 1."""
    is_number = isinstance(level, int | float | np.integer | np.floating)
    if not is_number or not 0.0 < level < 1.0:
        message = f"level is {level!r}: give a share between 0 and 1, such as 0.9."
        raise ValueError(message)
