"""Rows of two sets of coordinates that are known in both."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dpvae._data.counted import counted
from dpvae._data.numbers import floats_of
from dpvae.geometry.coordinates import LARGEST

Points = NDArray[np.float64]


def paired_rows(true: ArrayLike, recovered: ArrayLike, *, at_least: int) -> tuple[Points, Points]:
    """Rows that are known in both of two sets of coordinates of one shape.

    As :func:`paired_cells`; the shapes must be the same.
    """
    first, second = np.shape(true), np.shape(recovered)
    if len(first) != 2 or first != second:
        message = (
            f"true has shape {first} and recovered {second}; "
            "both must be (cells, dimensions), with one row for the same cell."
        )
        raise ValueError(message)
    return paired_cells(true, recovered, at_least=at_least)


def paired_cells(true: ArrayLike, other: ArrayLike, *, at_least: int) -> tuple[Points, Points]:
    """Rows that are known in both coordinates and, say, a latent representation.

    Parameters
    ----------
    true
        Shape ``(n_cells, n_dims)``. Rows with NaN in either are dropped.
    other
        Shape ``(n_cells, n_columns)``; row i is the same cell.
    at_least
        The smallest number of rows that must remain.

    Returns
    -------
    Both as float64, shapes ``(n_known, n_dims)`` and ``(n_known, n_columns)``. Memory O(n_cells
    (n_dims + n_columns)).

    Raises
    ------
    ValueError
        If one is not 2-D, the numbers of rows differ, a value is infinite, or too few rows remain.

    Examples
    --------
    >>> from dpvae.metrics.paired import paired_cells
    >>> paired_cells([[0, 0], [1, 2]], [[5, 5, 5], [1, 1, 1]], at_least=1)[1].shape
    (2, 3)
    """
    first = floats_of(true, "true")
    second = floats_of(other, "other")
    is_table = first.ndim == second.ndim == 2 and 0 not in (first.shape[1], second.shape[1])
    if not is_table or len(first) != len(second):
        message = (
            f"true and the other array have shapes {first.shape} and {second.shape}; "
            "both must be (cells, dimensions), with one row for the same cell."
        )
        raise ValueError(message)
    infinite = ~((np.abs(first) < LARGEST) | np.isnan(first)).all(axis=1)
    infinite |= ~((np.abs(second) < LARGEST) | np.isnan(second)).all(axis=1)
    if infinite.any():
        message = (
            f"{counted(int(infinite.sum()), 'row holds', 'rows hold')} infinite coordinates, or "
            f"ones above {LARGEST:g}; set "
            "rows without a place to NaN."
        )
        raise ValueError(message)
    known = ~(np.isnan(first).any(axis=1) | np.isnan(second).any(axis=1))
    if known.sum() < at_least:
        message = (
            f"{known.sum()} of {len(first)} cells have both a true and a recovered place; "
            f"at least {at_least} are needed."
        )
        raise ValueError(message)
    return first[known], second[known]


def root_mean_square_radius(points: Points) -> float:
    """Root mean square distance of points from their centroid, in their unit.

    Examples
    --------
    >>> import numpy as np
    >>> from dpvae.metrics.paired import root_mean_square_radius
    >>> root_mean_square_radius(np.array([[0.0, 0.0], [6.0, 8.0]]))
    5.0
    """
    return float(np.sqrt(((points - points.mean(axis=0)) ** 2).sum(axis=1).mean()))


def check_has_shape(points: Points, *, name: str) -> None:
    """Raise if all points, which messages call by this name, are identical."""
    if (points == points[0]).all():
        message = f"all {len(points)} rows of {name} are identical; they have no shape to compare."
        raise ValueError(message)
