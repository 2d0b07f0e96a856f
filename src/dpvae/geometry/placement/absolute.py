from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dpvae.geometry.compilation import compiled
from dpvae.geometry.placement.stress import pair_offsets

SMALLEST_SQUARE = 1e-280


@dataclass(frozen=True, eq=False)
class AbsoluteComparison:
    """Compares distances by the absolute values of their differences, the |·| of eq. 3.

    Σ h(δ − d) takes the place of Σ (δ − d)², where h(r) = |r| for |r| ≥ ε and (r²/ε + ε)/2 below
    (Huber 1964), so that it can be majorised by a square with weight 1 / max(|r|, ε): iteratively
    reweighted least squares. With weights V the minimum of the majorising function would need a
    linear system; V ≤ 2 diag(V) leaves a weighted mean for each cell, and the objective still never
    rises, nor does it for the relaxed step.

    Attributes
    ----------
    targets
        z/λ, transposed: shape (d, n), centred, in tissue units.
    smallest
        ε, in tissue units.
    """

    targets: NDArray[np.float64]
    smallest: float

    def all_pairs(self, layout: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
        """Minimum of the majorising function, shape (p, n), and Σ_{i<j} h(δ − d)."""
        everyone = np.arange(layout.shape[1])
        transform, total = absolute_transform(self.targets, layout, everyone, self.smallest)
        return transform, total / 2.0

    def window(self, layout: NDArray[np.float64], cells: NDArray[np.int64]) -> NDArray[np.float64]:
        """Minimum of the majorising function, shape (p, n), of the pairs with some cells."""
        return absolute_transform(self.targets, layout, cells, self.smallest)[0]

    def sampled(self, layout: NDArray[np.float64], *, seed: int) -> float:
        """Σ_{i<j} h(δ − d), estimated from random pairs."""
        n_cells = layout.shape[1]
        offsets = pair_offsets(n_cells, seed)
        total = _cyclic_absolute(self.targets, layout, offsets, self.smallest)
        return float(total * (n_cells - 1) / (2 * len(offsets)))


@compiled
def absolute_transform(
    targets: NDArray[np.float64],
    layout: NDArray[np.float64],
    others: NDArray[np.int64],
    smallest: float,
) -> tuple[NDArray[np.float64], float]:
    """Half a step from a layout to the weighted means of where other cells want each cell.

    Parameters
    ----------
    targets
        z/λ, transposed: shape (d, n).
    layout
        X, transposed: shape (p, n).
    others
        Numbers of the cells to compare with, shape (m,). No cell is compared with itself.
    smallest
        ε, the residual below which weights grow no further, in tissue units.

    Returns
    -------
    (x_i + Σ_j w_ij (x_j + (δ_ij/d_ij)(x_i − x_j)) / Σ_j w_ij) / 2 with w = 1 / max(|δ − d|, ε),
    shape (p, n), and Σ_i Σ_j h(δ_ij − d_ij). Time O(n m (d + p)), memory O(n p).
    """
    n_axes, n_cells = layout.shape
    transform = np.empty((n_axes, n_cells))
    moved = np.empty(n_axes)
    objective = 0.0
    for i in range(n_cells):
        moved[:] = 0.0
        total = 0.0
        for j in others:
            if j == i:
                continue
            wanted = 0.0
            for axis in range(targets.shape[0]):
                wanted += (targets[axis, i] - targets[axis, j]) ** 2
            found = 0.0
            for axis in range(n_axes):
                found += (layout[axis, i] - layout[axis, j]) ** 2
            gap = abs(np.sqrt(wanted) - np.sqrt(found))
            objective += gap if gap > smallest else 0.5 * (gap * gap / smallest + smallest)
            weight = 1.0 / max(gap, smallest)
            ratio = np.sqrt(wanted / max(found, SMALLEST_SQUARE))
            total += weight
            for axis in range(n_axes):
                moved[axis] += weight * (ratio - 1.0) * (layout[axis, i] - layout[axis, j])
        for axis in range(n_axes):
            step = moved[axis] / total if total > 0.0 else 0.0
            transform[axis, i] = layout[axis, i] + 0.5 * step
    return transform, objective


@compiled
def _cyclic_absolute(
    targets: NDArray[np.float64],
    layout: NDArray[np.float64],
    offsets: NDArray[np.int64],
    smallest: float,
) -> float:
    n_cells = layout.shape[1]
    objective = 0.0
    for offset in offsets:
        for i in range(n_cells):
            j = (i + offset) % n_cells
            wanted = 0.0
            for axis in range(targets.shape[0]):
                wanted += (targets[axis, i] - targets[axis, j]) ** 2
            found = 0.0
            for axis in range(layout.shape[0]):
                found += (layout[axis, i] - layout[axis, j]) ** 2
            gap = abs(np.sqrt(wanted) - np.sqrt(found))
            objective += gap if gap > smallest else 0.5 * (gap * gap / smallest + smallest)
    return objective
