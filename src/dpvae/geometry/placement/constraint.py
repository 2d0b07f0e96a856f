"""What holds a layout while its stress is lowered."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Constraint(Protocol):
    """What a layout is held by while its stress is majorised."""

    def restrict(self, transform: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn a Guttman transform into the minimum of the majorising function."""

    def cost(self, layout: NDArray[np.float64]) -> float:
        """Return what the constraint adds to Σ_{i<j} (δ_ij − d_ij)²."""


@dataclass(frozen=True)
class Unconstrained:
    """No cell is held: the layout is free up to a rigid motion."""

    def restrict(self, transform: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the transform, shape ``(n_dims, n_cells)``, itself."""
        return transform

    def cost(self, layout: NDArray[np.float64]) -> float:  # noqa: ARG002
        """Return 0."""
        return 0.0


@dataclass(frozen=True, eq=False)
class AnchorConstraint:
    """Some cells are held at, or drawn to, given places.

    With unit weights the majorising function is quadratic with the matrix V = n I − 11ᵀ. Its
    minimum under X_A = S, or with n Σ_A μ_a ‖x_a − s_a‖² added, follows in closed form from
    Sherman and Morrison's formula and 1ᵀ B(Y) Y = 0. With the hold h_a = μ_a / (1 + μ_a), 1 for
    hard anchors: shift the Guttman transform by the mean of s_a − g_a weighted by h_a, then move
    every anchor by the part h_a of the way from there to s_a.

    Attributes
    ----------
    cells
        Column numbers of the anchors, shape ``(n_anchors,)``.
    places
        S, transposed: shape ``(n_dims, n_anchors)``, in tissue units.
    penalty
        μ > 0 of each anchor, shape ``(n_anchors,)``, infinity for a hard one.
    """

    cells: NDArray[np.int64]
    places: NDArray[np.float64]
    penalty: NDArray[np.float64]

    def restrict(self, transform: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn a Guttman transform into the minimum of the majorising function."""
        hold = 1.0 / (1.0 + 1.0 / self.penalty)
        gap = self.places - transform[:, self.cells]
        layout = np.asarray(transform + (gap @ hold / hold.sum())[:, None])
        anchors = layout[:, self.cells]
        moved = anchors + hold * (self.places - anchors)
        layout[:, self.cells] = np.where(hold == 1.0, self.places, moved)
        return layout

    def cost(self, layout: NDArray[np.float64]) -> float:
        """Return n Σ_A μ_a ‖x_a − s_a‖² of a layout, without hard anchors."""
        soft = np.isfinite(self.penalty)
        squares = ((layout[:, self.cells[soft]] - self.places[:, soft]) ** 2).sum(axis=0)
        return float(layout.shape[1] * (self.penalty[soft] @ squares))
