"""Kernel ridge regression, of places or of their errors."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

Points = NDArray[np.float64]

RELATIVE_WIDTHS = (0.5, 1.0, 2.0)
PENALTIES = (0.01, 0.1, 1.0, 10.0)
ROWS_AT_A_TIME = 4_096


@dataclass(frozen=True, eq=False)
class KernelRidge:
    """Kernel ridge regression of places, or of their errors, on components.

    Attributes
    ----------
    components
        Of the cells that it was fitted to, shape ``(n_cells, n_components)``.
    coefficients
        One for each of these cells, shape ``(n_cells, n_dims)``.
    center
        Mean of what was fitted, shape ``(n_dims,)``.
    width
        Standard deviation of the Gaussian kernel.
    left_out
        What the others predict of each cell, shape ``(n_cells, n_dims)``.
    """

    components: Points
    coefficients: Points
    center: Points
    width: float
    left_out: Points

    def predict(self, components: Points) -> Points:
        """Predict for other cells.

        Parameters
        ----------
        components
            Of the cells, shape ``(n_new, n_components)``.

        Returns
        -------
        Shape ``(n_new, n_dims)``. Time O(n_new n_cells n_components), memory O(n_cells) times at
        most 4,096 cells.
        """
        predicted = np.empty((len(components), len(self.center)))
        for begin in range(0, len(components), ROWS_AT_A_TIME):
            block = slice(begin, begin + ROWS_AT_A_TIME)
            near = similarity(components[block], self.components, self.width)
            predicted[block] = self.center + near @ self.coefficients
        return predicted


def fit_kernel(components: Points, values: Points) -> KernelRidge:
    """Choose width and penalty by the error on cells left out one by one (Allen 1974).

    Parameters
    ----------
    components
        Shape ``(n_cells, n_components)``.
    values
        Shape ``(n_cells, n_dims)``.

    Returns
    -------
    The regression. Time O(n_cells³), memory O(n_cells²): for a thousand cells or so.
    """
    distance = cdist(components, components)
    pairs = distance[np.triu_indices(len(distance), 1)]
    typical = float(np.median(pairs[pairs > 0])) if pairs.any() else 1.0
    center = values.mean(axis=0)
    best = (np.inf, np.zeros(values.shape), typical, values - center)
    for relative in RELATIVE_WIDTHS:
        width = relative * typical
        eigenvalues, vectors = np.linalg.eigh(np.exp(-0.5 * (distance / width) ** 2))
        loadings = vectors.T @ (values - center)
        for penalty in PENALTIES:
            inverse = 1.0 / (np.maximum(eigenvalues, 0.0) + penalty)
            coefficients = vectors @ (inverse[:, None] * loadings)
            residual = coefficients / (vectors**2 @ inverse)[:, None]
            error = float((residual**2).sum())
            if error < best[0]:
                best = (error, coefficients, width, residual)
    _, coefficients, width, residual = best
    return KernelRidge(components, coefficients, center, width, values - residual)


def similarity(components: Points, others: Points, width: float) -> Points:
    """Gaussian kernel of two sets of components, shape ``(n_cells, n_others)``."""
    return np.asarray(np.exp(-0.5 * (cdist(components, others) / width) ** 2))
