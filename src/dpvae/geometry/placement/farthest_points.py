"""Cells that cover a tissue."""

import numpy as np
from numpy.typing import NDArray

from dpvae.geometry.compilation import compiled


def farthest_point_sample(
    coordinates: NDArray[np.float64], n_chosen: int, *, seed: int = 0
) -> NDArray[np.int64]:
    """Choose cells that cover the tissue: each next one is farthest from those before.

    Farthest-point sampling (Gonzalez 1985). Time O(n_cells n_chosen n_dims), memory O(n_cells).

    Parameters
    ----------
    coordinates
        Shape ``(n_cells, n_dims)``, in any unit, without NaN.
    n_chosen
        The number of cells; all are returned when there are no more.
    seed
        Seed of the first cell. By default 0.

    Returns
    -------
    Row numbers in ascending order, ``min(n_cells, n_chosen)`` of them.

    Examples
    --------
    >>> import numpy as np
    >>> from dpvae.geometry.placement.farthest_points import farthest_point_sample
    >>> line = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [9.0, 0.0]])
    >>> {0, 3} <= set(farthest_point_sample(line, 3).tolist())
    True
    """
    first = int(np.random.default_rng(seed).integers(max(len(coordinates), 1)))
    return farthest_points(coordinates, n_chosen, first)


def farthest_points(
    coordinates: NDArray[np.float64], n_chosen: int, first: int
) -> NDArray[np.int64]:
    """Choose cells as :func:`farthest_point_sample`, from a first one that is given by its row."""
    if len(coordinates) <= n_chosen:
        return np.arange(len(coordinates))
    return np.sort(_one_by_one(np.ascontiguousarray(coordinates.T), n_chosen, first))


@compiled
def _one_by_one(points: NDArray[np.float64], n_chosen: int, first: int) -> NDArray[np.int64]:
    n_axes, n_cells = points.shape
    nearest = np.full(n_cells, np.inf)
    chosen = np.empty(n_chosen, dtype=np.int64)
    latest = first
    for k in range(n_chosen):
        chosen[k] = latest
        nearest[latest] = -1.0
        farthest = -1.0
        following = latest
        for i in range(n_cells):
            squared = 0.0
            for axis in range(n_axes):
                squared += (points[axis, i] - points[axis, latest]) ** 2
            if squared < nearest[i]:
                nearest[i] = squared
            if nearest[i] > farthest:
                farthest = nearest[i]
                following = i
        latest = following
    return chosen
