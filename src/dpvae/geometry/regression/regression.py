"""What all regressions of places have in common: they place cells, and cells left out."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]


class Regression(Protocol):
    """Places learned from cells of known place.

    A function ``fit_…(cells, places)`` makes one. Some are slow to leave out every cell; to these
    it is said which, as a third argument.
    """

    @property
    def left_out(self) -> Points:
        """Places of cells as the others predict them, shape ``(n_left_out, n_dims)``."""

    def predict(self, cells: Points) -> Points:
        """Places of other cells, shape ``(n_new, n_dims)``, from what it was fitted to of these."""
