"""Some of many rows."""

import numpy as np
from numpy.typing import NDArray


def at_most(rows: NDArray[np.intp], most: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Draw at most this many rows at random, in their order."""
    return rows if len(rows) <= most else np.sort(rng.choice(rows, most, replace=False))


def random_share(n_rows: int, share: float, seed: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Split rows at random: those that are left, and a share of them, rounded up; both in order."""
    order = np.random.RandomState(seed).permutation(n_rows)
    n_left = int((1 - share) * n_rows)
    return np.sort(order[:n_left]), np.sort(order[n_left:])
