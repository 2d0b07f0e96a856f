"""Steps that lower the stress of a layout, compiled."""

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
    points: NDArray[np.floating], begin: int, partner: int, width: int, squared: NDArray[np.float64]
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

    G(X)_i = (1/n) Σ_j (δ_ij / d_ij)(x_i − x_j), where δ are target distances and d layout
    distances (de Leeuw 1977), and Σ_{i<j} (δ_ij − d_ij)². Pairs with d = 0 add nothing to
    G. Each pair is visited once, in blocks that stay in the cache: time O(n_cells² (n_latent +
    n_dims)), memory O(n_cells n_dims).

    Parameters
    ----------
    targets
        z/λ, transposed: shape ``(n_latent, n_cells)``.
    layout
        X, transposed: shape ``(n_dims, n_cells)``.

    Returns
    -------
    G(X), centred, shape ``(n_dims, n_cells)``, and the sum of squared residuals.
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
    targets: NDArray[np.floating],
    layout: NDArray[np.floating],
    window_targets: NDArray[np.floating],
    window_layout: NDArray[np.floating],
) -> NDArray[np.floating]:
    """Guttman transform of a layout, estimated from a window of m of its cells.

    The mean over the window's cells j of x_j + (δ_ij / d_ij)(x_i − x_j). Its expectation over
    random windows is G(X) for a centred layout, and it has no noise where δ = d. Time O(n_cells
    n_chosen (n_latent + n_dims)), memory O(n_cells n_dims). All four arrays have one type, float32
    or float64, and so has the result.

    Parameters
    ----------
    targets
        z/λ, transposed: shape ``(n_latent, n_cells)``, ``n_latent`` ≥ 1.
    layout
        X, transposed: shape ``(n_dims, n_cells)``, p = 2 or 3.
    window_targets, window_layout
        The columns of the window: shapes ``(n_latent, n_chosen)`` and ``(n_dims, n_chosen)``.

    Returns
    -------
    The estimate, shape ``(n_dims, n_cells)``.
    """
    n_latent, n_cells = targets.shape
    n_axes, width = window_layout.shape
    number = targets.dtype.type
    smallest = number(1e-30)
    transform = np.empty_like(layout)
    wanted = np.empty(width, targets.dtype)
    there0, there1 = window_layout[0], window_layout[1]
    there2 = window_layout[n_axes - 1]
    for i in range(n_cells):
        wanted[:] = number(0)
        axis = 0
        while axis + 5 <= n_latent:
            z0, z1, z2 = targets[axis, i], targets[axis + 1, i], targets[axis + 2, i]
            z3, z4 = targets[axis + 3, i], targets[axis + 4, i]
            w0, w1, w2 = window_targets[axis], window_targets[axis + 1], window_targets[axis + 2]
            w3, w4 = window_targets[axis + 3], window_targets[axis + 4]
            for j in range(width):
                e0, e1, e2, e3, e4 = w0[j] - z0, w1[j] - z1, w2[j] - z2, w3[j] - z3, w4[j] - z4
                wanted[j] += (e0 * e0 + e1 * e1) + (e2 * e2 + e3 * e3) + e4 * e4
            axis += 5
        while axis < n_latent:
            z0, w0 = targets[axis, i], window_targets[axis]
            for j in range(width):
                e0 = w0[j] - z0
                wanted[j] += e0 * e0
            axis += 1
        x0, x1, x2 = layout[0, i], layout[1, i], layout[n_axes - 1, i]
        total0, total1, total2 = number(0), number(0), number(0)
        if n_axes == 2:
            for j in range(width):
                e0, e1 = x0 - there0[j], x1 - there1[j]
                ratio = np.sqrt(wanted[j] / max(e0 * e0 + e1 * e1, smallest))
                total0 += there0[j] + ratio * e0
                total1 += there1[j] + ratio * e1
        else:
            for j in range(width):
                e0, e1, e2 = x0 - there0[j], x1 - there1[j], x2 - there2[j]
                ratio = np.sqrt(wanted[j] / max(e0 * e0 + e1 * e1 + e2 * e2, smallest))
                total0 += there0[j] + ratio * e0
                total1 += there1[j] + ratio * e1
                total2 += there2[j] + ratio * e2
            transform[2, i] = total2 / number(width)
        transform[0, i] = total0 / number(width)
        transform[1, i] = total1 / number(width)
    return transform


def cyclic_residual(
    targets: NDArray[np.floating], layout: NDArray[np.floating], offsets: NDArray[np.int64]
) -> tuple[float, float]:
    """Residual and total of squared distances over the pairs (i, i + offset).

    Parameters
    ----------
    targets, layout, offsets
        As in :func:`cyclic_squares`.

    Returns
    -------
    Σ (δ − d)² and Σ δ² over these pairs. Time O(n_cells n_offsets (n_latent + n_dims)), memory
    O(n_cells).
    """
    squares, total = cyclic_squares(targets, layout, offsets)
    return float(squares.sum()) / 2.0, total


@compiled
def cyclic_squares(
    targets: NDArray[np.floating], layout: NDArray[np.floating], offsets: NDArray[np.int64]
) -> tuple[NDArray[np.float64], float]:
    """Squared residuals of each cell, over its pairs with the cells offsets ahead and behind.

    Parameters
    ----------
    targets
        z/λ, transposed: shape ``(n_latent, n_cells)``.
    layout
        X, transposed: shape ``(n_dims, n_cells)``.
    offsets
        Shape ``(n_offsets,)``, each from 1 to ``n_cells − 1``; i + offset is taken modulo
        ``n_cells``.

    Returns
    -------
    Σ (δ − d)² over the pairs of each cell, shape ``(n_cells,)``, and Σ δ² over these pairs.
    Time O(n_cells n_offsets (n_latent + n_dims)), memory O(n_cells).
    """
    n_cells = layout.shape[1]
    squares = np.zeros(n_cells)
    total = 0.0
    wanted = np.empty(BLOCK)
    found = np.empty(BLOCK)
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
                    squares[begin + block + j] += difference * difference
                    squares[partner + block + j] += difference * difference
                    total += wanted[j]
    return squares, total
