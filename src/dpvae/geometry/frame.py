from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Frame(Protocol):
    """What a layout is held by while its stress is majorised."""

    def restrict(self, transform: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn a Guttman transform, shape (p, n), into the minimum of the majorising function."""

    def cost(self, layout: NDArray[np.float64]) -> float:
        """Return what the frame adds to Σ_{i<j} (δ_ij − d_ij)²."""


@dataclass(frozen=True)
class FreeFrame:
    """No cell is held: the layout is free up to a rigid motion."""

    def restrict(self, transform: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the transform, shape (p, n), itself."""
        return transform

    def cost(self, layout: NDArray[np.float64]) -> float:  # noqa: ARG002
        """Return 0."""
        return 0.0


@dataclass(frozen=True, eq=False)
class AnchoredFrame:
    """Some cells are held at, or drawn to, given places.

    With unit weights the majorising function is quadratic with the matrix V = n I − 11ᵀ. Its
    minimum under X_A = S, or with n μ Σ_A ‖x_a − s_a‖² added, follows in closed form from
    Sherman and Morrison's formula and 1ᵀ B(Y) Y = 0: shift the Guttman transform so that its
    anchors have the centroid of S, then replace every anchor g_a by (g_a + μ s_a) / (1 + μ), which
    is s_a for hard anchors.

    Attributes
    ----------
    cells
        Column numbers of the anchors, shape (a,).
    places
        S, transposed: shape (p, a), in tissue units.
    penalty
        μ > 0, or ``None`` for hard anchors.
    """

    cells: NDArray[np.int64]
    places: NDArray[np.float64]
    penalty: float | None

    def restrict(self, transform: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn a Guttman transform, shape (p, n), into the minimum of the majorising function."""
        shift = (self.places - transform[:, self.cells]).mean(axis=1, keepdims=True)
        layout = np.asarray(transform + shift)
        layout[:, self.cells] = self._held(layout[:, self.cells])
        return layout

    def cost(self, layout: NDArray[np.float64]) -> float:
        """Return n μ Σ_A ‖x_a − s_a‖² of a layout of shape (p, n), 0 for hard anchors."""
        if self.penalty is None:
            return 0.0
        squares = float(((layout[:, self.cells] - self.places) ** 2).sum())
        return float(layout.shape[1] * self.penalty * squares)

    def _held(self, anchors: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.penalty is None:
            return self.places
        return np.asarray((anchors + self.penalty * self.places) / (1.0 + self.penalty))
