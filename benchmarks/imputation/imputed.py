"""What a method gives."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Imputed:
    """Values at positions × hidden genes, as the cells' logarithms; a model may give more.

    ``lower`` and ``upper``: bounds of a 90 % interval of each value, in standard deviations of the
    gene from its mean. ``expected_correlation``: of each gene, with the truth. ``seconds``: of the
    processor, if another process did the work.
    """

    values: NDArray[np.float64]
    lower: NDArray[np.float64] | None = None
    upper: NDArray[np.float64] | None = None
    expected_correlation: NDArray[np.float64] | None = None
    seconds: float | None = None
