import numpy as np
from numpy.typing import NDArray

from dpvae.geometry.compilation import compiled

BLOCK = 256
SMALLEST_SQUARE = 1e-280


@compiled
def _squared_distances(
    point: NDArray[np.float64],
    others: NDArray[np.float64],
    begin: int,
    end: int,
    squared: NDArray[np.float64],
) -> None:
    for j in range(end - begin):
        squared[j] = 0.0
    for axis in range(others.shape[0]):
        here = point[axis]
        there = others[axis, begin:end]
        for j in range(end - begin):
            difference = there[j] - here
            squared[j] += difference * difference


@compiled
def _paired_squares(
    points: NDArray[np.float64], begin: int, partner: int, width: int, squared: NDArray[np.float64]
) -> None:
    for j in range(width):
        squared[j] = 0.0
    for axis in range(points.shape[0]):
        here = points[axis, begin : begin + width]
        there = points[axis, partner : partner + width]
        for j in range(width):
            difference = there[j] - here[j]
            squared[j] += difference * difference


@compiled
def _ratios(wanted: NDArray[np.float64], found: NDArray[np.float64], n_others: int) -> float:
    residual = 0.0
    for j in range(n_others):
        square = max(found[j], SMALLEST_SQUARE)
        ratio = np.sqrt(wanted[j] / square)
        residual += square * (ratio - 1.0) * (ratio - 1.0)
        wanted[j] = ratio
    return residual


@compiled
def guttman_transform(
    targets: NDArray[np.float64], layout: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    """Guttman transform of a layout, and its residual, over all pairs of cells.

    G(X)_i = (1/n) Σ_j (δ_ij / d_ij)(x_i − x_j), where δ are the distances of the targets and d
    those of the layout (de Leeuw 1977), and Σ_{i<j} (δ_ij − d_ij)². Pairs with d = 0 add nothing
    to G. Each pair is visited once, in blocks that stay in the cache: time O(n² (d + p)),
    memory O(n p).

    Parameters
    ----------
    targets
        z/λ, transposed: shape (d, n).
    layout
        X, transposed: shape (p, n).

    Returns
    -------
    G(X), centred, shape (p, n), and the sum of squared residuals.
    """
    n_axes, n_cells = layout.shape
    transform = np.zeros((n_axes, n_cells))
    wanted = np.empty(BLOCK)
    found = np.empty(BLOCK)
    residual = 0.0
    for block in range(0, n_cells, BLOCK):
        end = min(block + BLOCK, n_cells)
        for i in range(end - 1):
            begin = max(block, i + 1)
            _squared_distances(targets[:, i], targets, begin, end, wanted)
            _squared_distances(layout[:, i], layout, begin, end, found)
            residual += _ratios(wanted, found, end - begin)
            for axis in range(n_axes):
                here = layout[axis, i]
                there = layout[axis, begin:end]
                reaction = transform[axis, begin:end]
                total = 0.0
                for j in range(end - begin):
                    pull = wanted[j] * (here - there[j])
                    total += pull
                    reaction[j] -= pull
                transform[axis, i] += total
    return transform / n_cells, residual


@compiled
def window_transform(
    targets: NDArray[np.float64],
    layout: NDArray[np.float64],
    window_targets: NDArray[np.float64],
    window_layout: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Guttman transform of a layout, estimated from a window of m of its cells.

    The mean over the window's cells j of x_j + (δ_ij / d_ij)(x_i − x_j). Its expectation over
    random windows is G(X) for a centred layout, and it has no noise where δ = d. Time
    O(n m (d + p)), memory O(n p).

    Parameters
    ----------
    targets
        z/λ, transposed: shape (d, n).
    layout
        X, transposed: shape (p, n).
    window_targets, window_layout
        The columns of the window: shapes (d, m) and (p, m).

    Returns
    -------
    The estimate, shape (p, n).
    """
    n_axes, n_cells = layout.shape
    width = window_layout.shape[1]
    transform = np.empty((n_axes, n_cells))
    wanted = np.empty(width)
    found = np.empty(width)
    for i in range(n_cells):
        _squared_distances(targets[:, i], window_targets, 0, width, wanted)
        _squared_distances(layout[:, i], window_layout, 0, width, found)
        _ratios(wanted, found, width)
        for axis in range(n_axes):
            here = layout[axis, i]
            there = window_layout[axis]
            total = 0.0
            for j in range(width):
                total += there[j] + wanted[j] * (here - there[j])
            transform[axis, i] = total / width
    return transform


@compiled
def cyclic_residual(
    targets: NDArray[np.float64], layout: NDArray[np.float64], offsets: NDArray[np.int64]
) -> tuple[float, float]:
    """Residual and total of squared distances over the pairs (i, i + offset).

    Parameters
    ----------
    targets
        z/λ, transposed: shape (d, n).
    layout
        X, transposed: shape (p, n).
    offsets
        Shape (k,), each from 1 to n − 1; i + offset is taken modulo n.

    Returns
    -------
    Σ (δ − d)² and Σ δ² over the n k pairs. Time O(n k (d + p)), memory O(1).
    """
    n_cells = layout.shape[1]
    wanted = np.empty(BLOCK)
    found = np.empty(BLOCK)
    residual = 0.0
    total = 0.0
    for offset in offsets:
        for begin, partner, length in (
            (0, offset, n_cells - offset),
            (n_cells - offset, 0, offset),
        ):
            for block in range(0, length, BLOCK):
                width = min(BLOCK, length - block)
                _paired_squares(targets, begin + block, partner + block, width, wanted)
                _paired_squares(layout, begin + block, partner + block, width, found)
                for j in range(width):
                    difference = np.sqrt(wanted[j]) - np.sqrt(found[j])
                    residual += difference * difference
                    total += wanted[j]
    return residual, total
