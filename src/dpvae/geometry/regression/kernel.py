from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

Points = NDArray[np.float64]

RELATIVE_WIDTHS = (0.5, 1.0, 2.0)
PENALTIES = (0.01, 0.1, 1.0, 10.0)
ROWS_AT_A_TIME = 4_096


@dataclass(frozen=True)
class KernelRidge:
    """Kernel ridge regression of places, or of what is missing to them, on components.

    Attributes
    ----------
    coefficients
        One for each cell that it was fitted to, shape (n, p).
    centre
        Mean of what was fitted, shape (p,).
    width
        Standard deviation of the Gaussian kernel.
    left_out
        Residual of each cell when the others predict it, shape (n, p).
    """

    coefficients: Points
    centre: Points
    width: float
    left_out: Points

    def predict(self, components: Points, fitted: Points) -> Points:
        """Predict for other cells.

        Parameters
        ----------
        components
            Of the cells, shape (q, c).
        fitted
            Of the cells that it was fitted to, shape (n, c).

        Returns
        -------
        Shape (q, p). Time O(q n c), memory O(n) times at most 4,096 cells.
        """
        predicted = np.empty((len(components), len(self.centre)))
        for begin in range(0, len(components), ROWS_AT_A_TIME):
            block = slice(begin, begin + ROWS_AT_A_TIME)
            near = similarity(components[block], fitted, self.width)
            predicted[block] = self.centre + near @ self.coefficients
        return predicted


def fit_kernel(components: Points, values: Points) -> KernelRidge:
    """Choose width and penalty by the error on cells left out one by one (Allen 1974).

    Parameters
    ----------
    components
        Shape (n, c).
    values
        Shape (n, p).

    Returns
    -------
    The regression. Time O(n³), memory O(n²): for a thousand cells or so.
    """
    distance = cdist(components, components)
    pairs = distance[np.triu_indices(len(distance), 1)]
    typical = float(np.median(pairs[pairs > 0])) if pairs.any() else 1.0
    centre = values.mean(axis=0)
    best = (np.inf, KernelRidge(np.zeros(values.shape), centre, typical, values - centre))
    for relative in RELATIVE_WIDTHS:
        width = relative * typical
        eigenvalues, vectors = np.linalg.eigh(np.exp(-0.5 * (distance / width) ** 2))
        loadings = vectors.T @ (values - centre)
        for penalty in PENALTIES:
            inverse = 1.0 / (np.maximum(eigenvalues, 0.0) + penalty)
            candidate = vectors @ (inverse[:, None] * loadings)
            left_out = candidate / (vectors**2 @ inverse)[:, None]
            error = float((left_out**2).sum())
            if error < best[0]:
                best = (error, KernelRidge(candidate, centre, width, left_out))
    return best[1]


def similarity(components: Points, others: Points, width: float) -> Points:
    """Gaussian kernel, shape (n, m), of components of shape (n, c) and (m, c)."""
    return np.asarray(np.exp(-0.5 * (cdist(components, others) / width) ** 2))
