"""Distances between true and recovered places."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from dpvae.metrics.paired import paired_rows


@dataclass(frozen=True)
class CoordinateError:
    """Distances between true and recovered places, in the unit of the coordinates.

    Attributes
    ----------
    median
        Half of the cells are nearer to their place than this.
    mean
        The mean distance.
    quantile_90
        Nine tenths of the cells are nearer to their place than this.

    Examples
    --------
    >>> from dpvae.metrics import CoordinateError
    >>> CoordinateError(median=1.0, mean=1.5, quantile_90=3.0).median
    1.0
    """

    median: float
    mean: float
    quantile_90: float


def coordinate_error(true: ArrayLike, recovered: ArrayLike) -> CoordinateError:
    """Euclidean distances between true and recovered places, without any alignment.

    Parameters
    ----------
    true
        Shape ``(n_cells, n_dims)``, in any unit.
    recovered
        Shape ``(n_cells, n_dims)``, in the frame and unit of ``true``. Rows with NaN in either are
        dropped.

    Returns
    -------
    Median, mean and 90 % quantile, in the unit of ``true``. Placing every cell at the centroid has
    a root mean square error of one radius of the tissue; shuffled cells √2 times that.

    Raises
    ------
    ValueError
        If the shapes differ or no cell is known in both.

    Notes
    -----
    Time and memory O(n_cells n_dims).

    Examples
    --------
    >>> from dpvae.metrics import coordinate_error
    >>> coordinate_error([[0, 0], [1, 1]], [[3, 4], [1, 1]])
    CoordinateError(median=2.5, mean=2.5, quantile_90=4.5)
    """
    first, second = paired_rows(true, recovered, at_least=1)
    distance = np.sqrt(((first - second) ** 2).sum(axis=1))
    return CoordinateError(
        median=float(np.median(distance)),
        mean=float(distance.mean()),
        quantile_90=float(np.quantile(distance, 0.9)),
    )
