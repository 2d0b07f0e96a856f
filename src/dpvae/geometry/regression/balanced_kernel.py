"""Mean places of similar cells, such that no cell is a neighbour of every other."""

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
    The :math:`a_j` make all cells neighbours equally often. Without them, cells with few molecules
    would be neighbours of none, and cells in the middle of all. It is the doubly stochastic kernel
    of :cite:t:`Landa21`, which noise that differs from cell to cell does not distort.

    Attributes
    ----------
    log_weight
        a of each cell that it was fitted to, shape ``(n_cells,)``.
    width
        w, in the unit of the distances.
    places
        Places of these cells, shape ``(n_cells, n_dims)``.
    left_out
        Weighted mean of the places of the others for each of them, shape ``(n_cells, n_dims)``.
    """

    log_weight: Values
    width: float
    places: Values
    left_out: Values

    def predict(self, distance: Values) -> Values:
        """Weighted means of places.

        Parameters
        ----------
        distance
            From other cells to the fitted ones, shape ``(n_new, n_cells)``.

        Returns
        -------
        Shape ``(n_new, n_dims)``.
        """
        return _weighted_mean(self.log_weight - distance / self.width, self.places)


def fit_balanced_kernel(distance: Values, places: Values) -> BalancedKernel:
    """Balance the cells, with the width that errs least on cells left out one by one.

    Parameters
    ----------
    distance
        Between the cells, shape ``(n_cells, n_cells)``, symmetric.
    places
        What their means are to predict, shape ``(n_cells, n_dims)``.

    Returns
    -------
    The kernel. Time and memory O(n_cells²): for a thousand cells or so.

    Examples
    --------
    >>> import numpy as np
    >>> place = np.linspace(0.0, 1.0, 50)[:, None]
    >>> kernel = fit_balanced_kernel(abs(place - place.T), place)
    >>> kernel.predict(abs(0.5 - place.T)).round(2)
    array([[0.5]])
    """
    apart = distance.astype(np.float64)
    pairs = apart[np.triu_indices(len(apart), 1)]
    typical = float(pairs.std()) or 1.0 if len(pairs) else 1.0
    np.fill_diagonal(apart, np.inf)
    best, least = BalancedKernel(np.zeros(len(apart)), typical, places, places), np.inf
    for relative in RELATIVE_WIDTHS if len(pairs) else ():
        width = relative * typical
        log_weight = balance(apart, width)
        left_out = _weighted_mean(log_weight - apart / width, places)
        error = float(((left_out - places) ** 2).sum())
        if error < least:
            best, least = BalancedKernel(log_weight, width, places, left_out), error
    return best


def balance(apart: Values, width: float) -> Values:
    r"""Find a with which every cell is as often a neighbour of the others as any other.

    That is, with which :math:`\exp(a_i + a_j - d_{ij} / w)` has row sums 1.

    Parameters
    ----------
    apart
        Distances between the cells, shape ``(n_cells, n_cells)``, symmetric, with an infinite
        diagonal.
    width
        w, in the unit of the distances.

    Returns
    -------
    Shape ``(n_cells,)``. If all distances of a cell grow by the same amount, its a grows with it,
    and the couplings stay what they are.
    """
    nearest = apart.min(axis=1) / (2 * width)
    exponent = nearest[:, None] + nearest - apart / width
    kernel = np.exp(np.maximum(exponent, SMALLEST_EXPONENT))
    np.fill_diagonal(kernel, 0.0)
    factor = np.ones(len(kernel))
    for _ in range(N_ITERATIONS):
        factor = np.sqrt(factor / (kernel @ factor))
    return np.asarray(np.log(factor) + nearest)


def _weighted_mean(exponent: Values, places: Values) -> Values:
    exponent -= exponent.max(axis=1, keepdims=True)
    weight = np.exp(exponent, out=exponent)
    return np.asarray(weight @ places / weight.sum(axis=1, keepdims=True))
