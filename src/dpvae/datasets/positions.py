"""Cell positions inside an outline: nowhere on a lattice, everywhere evenly spaced."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from dpvae.datasets.outline import Outline

POINTS_PER_CELL = 16
N_RELAXATIONS = 3


def uniform_points(
    outline: Outline, n_points: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Independent uniform points inside the outline, shape (n_points, n_dims)."""
    n_dims = len(outline.axes)
    reach = outline.axes.max() * (1 + np.clip(outline.heights, 0, None).sum())
    accepted: list[NDArray[np.float64]] = []
    n_accepted = 0
    while n_accepted < n_points:
        points = rng.uniform(-reach, reach, size=(2 * n_points + 64, n_dims))
        inside = np.linalg.norm(outline.body_coordinates(points), axis=1) <= 1
        accepted.append(points[inside])
        n_accepted += int(inside.sum())
    return np.concatenate(accepted)[:n_points]


def cell_positions(outline: Outline, n_cells: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Evenly spaced positions inside the outline, shape (n_cells, n_dims), in random order.

    Uniform points are relaxed by a few of Lloyd's steps [1]_: each cell moves to the centre of the
    part of the tissue that is nearest to it. A few steps make the spacing even, as cells that
    cannot overlap are, and stop long before a lattice forms.

    References
    ----------
    .. [1] Lloyd S (1982). Least squares quantization in PCM. IEEE Transactions on Information
       Theory 28, 129-137.
    """
    cells = uniform_points(outline, n_cells, rng)
    tissue = uniform_points(outline, POINTS_PER_CELL * n_cells, rng)
    for _ in range(N_RELAXATIONS):
        _, owner = cKDTree(cells).query(tissue)
        n_owned = np.bincount(owner, minlength=n_cells)
        sums = np.stack([np.bincount(owner, axis, n_cells) for axis in tissue.T], axis=1)
        cells = np.where(n_owned[:, None] > 0, sums / np.maximum(n_owned, 1)[:, None], cells)
    return cells
