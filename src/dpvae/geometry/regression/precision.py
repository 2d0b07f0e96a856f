"""How much each of several predictions counts in their mean."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

LEAST_OF_LARGEST = 1e-12


def precision_weights(squared_errors: Sequence[float] | Values) -> Values:
    """Weights in inverse proportion to squared errors, with sum 1.

    The best weights of unbiased predictions whose errors are independent. All regressions are mixed
    in this way, except around anchors, where some methods are biased
    (:func:`~dpvae.geometry.regression.blend.blend`).

    Parameters
    ----------
    squared_errors
        What is known, or expected, of the mean squared error of each, in any unit, shape
        ``(n_predictions,)``. Errors below 1e-12 of the largest count as much as these.

    Returns
    -------
    Shape ``(n_predictions,)``; equal weights if no error is above 0.

    Examples
    --------
    >>> from dpvae.geometry.regression.precision import precision_weights
    >>> precision_weights([1.0, 3.0])
    array([0.75, 0.25])
    """
    squared = np.asarray(squared_errors, dtype=np.float64)
    precision = 1.0 / np.maximum(squared, LEAST_OF_LARGEST * squared.max() or 1.0)
    return np.asarray(precision / precision.sum())


def left_out_weights(left_out: Sequence[Values], places: Values) -> Values:
    """Weights in inverse proportion to the squared errors of cells that were left out.

    Parameters
    ----------
    left_out
        Places of the same cells by several regressions, each of shape ``(n_cells, n_dims)``.
    places
        Their true places, shape ``(n_cells, n_dims)``.

    Returns
    -------
    Shape ``(n_regressions,)``.
    """
    return precision_weights([float(((found - places) ** 2).mean()) for found in left_out])
