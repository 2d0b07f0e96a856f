"""One p-value for several that depend on each other."""

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

SMALL, LARGEST = 1e-12, 0.999


def cauchy_combination(p_values: Values) -> Values:
    """Join p-values of several tests of one hypothesis.

    Each is turned into a Cauchy variable; the mean of these is one, too, in its tail whatever the
    dependence (:cite:t:`Liu20`).

    Parameters
    ----------
    p_values
        Shape ``(n_tests, n_variables)``. A p-value above 0.999 counts as 0.999, so that a single
        one cannot outweigh all others.

    Returns
    -------
    Shape ``(n_variables,)``; NaN if one of a variable is NaN.

    Examples
    --------
    >>> import numpy as np
    >>> from dpvae.metrics.cauchy_combination import cauchy_combination
    >>> cauchy_combination(np.array([[0.01], [0.4], [0.5]])).round(3)
    array([0.03])
    """
    p = np.minimum(p_values, LARGEST)
    with np.errstate(divide="ignore", over="ignore"):
        cauchy = np.where(p < SMALL, 1.0 / (np.pi * p), np.tan((0.5 - p) * np.pi))
        mean = cauchy.mean(axis=0)
        joined = np.where(
            mean > 1.0 / (np.pi * SMALL), 1.0 / (np.pi * mean), 0.5 - np.arctan(mean) / np.pi
        )
    return np.asarray(joined)
