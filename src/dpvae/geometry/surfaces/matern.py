"""The spectral density of the Matérn kernel, of NumPy and of torch."""

from math import gamma, pi
from typing import Any

SMOOTHNESS = 1.5


def matern_density(squared_frequency: Any, length: Any, n_dims: int) -> Any:
    r"""Density of the Matérn 3/2 kernel :math:`(1 + \sqrt3 r/\ell) e^{-\sqrt3 r/\ell}`.

    Parameters
    ----------
    squared_frequency
        Sum of squares over dimensions, any shape: an array or a tensor.
    length
        :math:`\ell`, a number, or of a shape that broadcasts.
    n_dims
        2 or 3.

    Returns
    -------
    :cite:t:`Rasmussen06`, equation 4.15, of the kind of the frequencies.
    """
    nu = SMOOTHNESS
    constant = 2.0**n_dims * pi ** (n_dims / 2) * gamma(nu + n_dims / 2) * (2.0 * nu) ** nu
    constant /= gamma(nu)
    inverse_square = length**-2.0
    return (
        constant
        * length ** (-2.0 * nu)
        * (2.0 * nu * inverse_square + squared_frequency) ** -(nu + n_dims / 2)
    )
