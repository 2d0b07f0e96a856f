"""Some of many rows."""

import numpy as np
from numpy.typing import NDArray


def at_most(rows: NDArray[np.intp], most: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Draw so many of the rows at random, in their order; all of them if they are not more."""
    return rows if len(rows) <= most else np.sort(rng.choice(rows, most, replace=False))
