"""Places as means of those of similar cells, of which none is everybody's neighbour."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

RELATIVE_WIDTHS = (0.03, 0.06, 0.12, 0.25, 0.5)
N_ITERATIONS = 100
SMALLEST_EXPONENT = -600.0


@dataclass(frozen=True)
class BalancedKernel:
    r"""Means of places, with weights that fall exponentially with the distance in expression.

    The weight of cell j for cell i is :math:`\exp(a_j - d_{ij} / w)`, divided by its sum over j.
    The :math:`a_j` make every cell as often a neighbour of the others as any other: without them,
    cells whose few molecules make them unlike everything are nobody's neighbours, and those in
    the middle everybody's. It is the doubly stochastic kernel of :cite:t:`Landa21`, which noise
    that differs from cell to cell does not distort.

    Attributes
    ----------
    log_weight
        a of each cell that it was fitted to, shape (n,).
    width
        w, in the unit of the distances.
    """

    log_weight: Values
    width: float

    def mean(self, distance: Values, values: Values) -> Values:
        """Weighted means of what belongs to the cells that it was fitted to.

        Parameters
        ----------
        distance
            From other cells to these, shape (q, n). Infinite where one shall not count.
        values
            Shape (n, p).

        Returns
        -------
        Shape (q, p).
        """
        exponent = self.log_weight - distance / self.width
        exponent -= exponent.max(axis=1, keepdims=True)
        weight = np.exp(exponent, out=exponent)
        return np.asarray(weight @ values / weight.sum(axis=1, keepdims=True))


def fit_balanced_kernel(distance: Values, values: Values) -> BalancedKernel:
    """Balance the cells, with the width that errs least on cells left out one by one.

    Parameters
    ----------
    distance
        Between the cells, shape (n, n), symmetric.
    values
        What their means shall predict, shape (n, p).

    Returns
    -------
    The kernel. Time and memory O(n²): for a thousand cells or so.

    Examples
    --------
    >>> import numpy as np
    >>> place = np.linspace(0.0, 1.0, 50)[:, None]
    >>> kernel = fit_balanced_kernel(abs(place - place.T), place)
    >>> kernel.mean(abs(0.5 - place.T), place).round(2)
    array([[0.5]])
    """
    apart = distance.astype(np.float64)
    pairs = apart[np.triu_indices(len(apart), 1)]
    if len(pairs) == 0:
        return BalancedKernel(np.zeros(1), 1.0)
    typical = float(pairs.std()) or 1.0
    np.fill_diagonal(apart, np.inf)
    best, least = BalancedKernel(np.zeros(len(apart)), typical), np.inf
    for relative in RELATIVE_WIDTHS:
        width = relative * typical
        kernel = BalancedKernel(balance(apart, width), width)
        error = float(((kernel.mean(apart, values) - values) ** 2).sum())
        if error < least:
            best, least = kernel, error
    return best


def balance(apart: Values, width: float) -> Values:
    r"""Find a with which every cell is as often a neighbour of the others as any other.

    That is, with which :math:`\exp(a_i + a_j - d_{ij} / w)` has row sums 1.

    Parameters
    ----------
    apart
        Distances between the cells, shape (n, n), symmetric, with an infinite diagonal.
    width
        w, in the unit of the distances.

    Returns
    -------
    Shape (n,). If all distances of a cell grow by the same amount, its a grows with it, and the
    couplings stay what they are.
    """
    nearest = apart.min(axis=1) / (2 * width)
    exponent = nearest[:, None] + nearest - apart / width
    kernel = np.exp(np.maximum(exponent, SMALLEST_EXPONENT))
    np.fill_diagonal(kernel, 0.0)
    factor = np.ones(len(kernel))
    for _ in range(N_ITERATIONS):
        factor = np.sqrt(factor / (kernel @ factor))
    return np.asarray(np.log(factor) + nearest)
