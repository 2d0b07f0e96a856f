"""Errors of the angles of triangles of cells."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dpvae.metrics.paired import Points, paired_rows


def triangle_angle_error(
    true: ArrayLike, recovered: ArrayLike, *, n_triangles: int = 20_000, seed: int = 0
) -> float:
    """Mean error of the angles of random triangles of cells, in degrees.

    Shift, rotation, reflection and scale change no angle, so nothing needs to be aligned.

    Parameters
    ----------
    true
        Shape ``(n_cells, n_dims)``, in any unit.
    recovered
        Shape ``(n_cells, n_dims)``, in any unit. Rows with NaN in either are dropped.
    n_triangles
        Number of random triangles. By default 20,000. Those with two corners in one place are left
        out.
    seed
        Seed of the triangles. By default 0.

    Returns
    -------
    Degrees. 0 for the same shape; about 51 for shuffled cells that fill a square.

    Raises
    ------
    ValueError
        If the shapes differ, fewer than three cells are known in both, or no triangle is left.

    Notes
    -----
    Time and memory O(n_cells n_dims + n_triangles n_dims).

    Examples
    --------
    >>> from dpvae.metrics import triangle_angle_error
    >>> round(triangle_angle_error([[0, 0], [1, 0], [0, 1]], [[0, 0], [2, 0], [0, 2]]), 9)
    0.0
    """
    first, second = paired_rows(true, recovered, at_least=3)
    rng = np.random.default_rng(seed)
    one = rng.integers(len(first), size=n_triangles)
    two = (one + rng.integers(1, len(first), size=n_triangles)) % len(first)
    three = (one + rng.integers(1, len(first), size=n_triangles)) % len(first)
    corners = np.stack([one, two, three])[:, two != three]
    error = np.abs(_angles(first, corners) - _angles(second, corners))
    if not np.isfinite(error).any():
        message = (
            "every triangle has two corners in one place, true or recovered: there is no shape."
        )
        raise ValueError(message)
    return float(np.degrees(np.nanmean(error)))


def _angles(points: Points, corners: NDArray[np.int64]) -> NDArray[np.float64]:
    """Angle at each corner, shape ``(3, triangles)``, NaN if two corners coincide."""
    angles = np.empty(corners.shape)
    for k in range(3):
        left = points[corners[(k + 1) % 3]] - points[corners[k]]
        right = points[corners[(k + 2) % 3]] - points[corners[k]]
        lengths = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            cosine = np.where(lengths > 0.0, (left * right).sum(axis=1) / lengths, np.nan)
        angles[k] = np.arccos(np.clip(cosine, -1.0, 1.0))
    return np.where(np.isnan(angles).any(axis=0), np.nan, angles)
