"""What all regressions of places have in common."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]


class Regression(Protocol):
    """Places learned from cells of known place.

    A function ``fit_…(cells, places)`` makes one. If leaving out every cell is slow, its third
    argument says which to leave out.
    """

    @property
    def left_out(self) -> Points:
        """Places of cells as the others predict them, shape ``(n_left_out, n_dims)``."""

    def predict(self, cells: Points) -> Points:
        """Places of other cells, shape ``(n_new, n_dims)``, from their features."""
