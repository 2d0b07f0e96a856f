"""Tail of a sum of χ² variables with different weights."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import chi2, ncx2, norm

Values = NDArray[np.float64]

NEGLIGIBLE = 1e-6


def mixture_tail(
    excess: ArrayLike, squares: ArrayLike, cubes: ArrayLike, fourths: ArrayLike
) -> Values:
    """Chance of a quadratic form of normal values to be at least as large.

    The form is Σ λ_i χ²_i with independent χ² variables of one degree of freedom. A scaled
    noncentral χ² variable takes its place, which has the same mean, variance and skewness and the
    nearest kurtosis :cite:p:`Liu09`.

    Parameters
    ----------
    excess
        The form less its mean Σ λ_i, any shape.
    squares, cubes, fourths
        Σ λ_i², Σ λ_i³ and Σ λ_i⁴, shapes that broadcast with it.

    Returns
    -------
    The upper tails. NaN if Σ λ_i² is not above 0.

    Examples
    --------
    >>> from dpvae.metrics.mixture_of_chi_squares import mixture_tail
    >>> mixture_tail([3.84 - 1.0, 6.63 - 1.0], 1.0, 1.0, 1.0).round(3)
    array([0.05, 0.01])
    """
    excess, squares, cubes, fourths = np.broadcast_arrays(
        *(np.asarray(part, dtype=np.float64) for part in (excess, squares, cubes, fourths))
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        standard = excess / np.sqrt(2.0 * squares)
        skewness = cubes / squares**1.5
        surplus = skewness**2 - fourths / squares**2
    tail = np.asarray(norm.sf(standard))
    is_skew = skewness > NEGLIGIBLE
    is_central = is_skew & (surplus <= NEGLIGIBLE * skewness**2)
    freedom = skewness[is_central] ** -2.0
    tail[is_central] = chi2.sf(standard[is_central] * np.sqrt(2.0 * freedom) + freedom, freedom)
    is_other = is_skew & ~is_central
    s, root = skewness[is_other], np.sqrt(surplus[is_other])
    width = 1.0 / (s - root)
    shift = s * width**3 - width**2
    freedom = width**2 - 2.0 * shift
    value = standard[is_other] * np.sqrt(2.0) * width + freedom + shift
    tail[is_other] = ncx2.sf(np.maximum(value, 0.0), freedom, shift)
    return np.where(squares > 0.0, tail, np.nan)
