"""How likely values of cells are at each position of a tissue."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dpvae.geometry.surfaces.surfaces import Surfaces

Points = NDArray[np.float64]

MOST_PROBABILITIES = 4_000_000


@dataclass(frozen=True, eq=False)
class Likelihood:
    r"""Log-likelihood of values at positions, up to what is the same at all of them.

    Parameters
    ----------
    center, precision
        Of the surfaces, shape ``(n_values,)``, and of departures from them.
    loadings
        :math:`R^{-1} f(s_j)` with centred surfaces, shape ``(n_positions, n_values)``.
    offset
        :math:`f(s_j)^\top R^{-1} f(s_j) / 2`, shape ``(n_positions,)``.
    """

    center: Points
    precision: Points
    loadings: Points
    offset: Points

    @classmethod
    def of(cls, surfaces: Surfaces, precision: Points, positions: Points) -> "Likelihood":
        """Take the heights of surfaces at positions."""
        heights = surfaces.at(positions) - surfaces.center
        loadings = heights @ precision
        offset = 0.5 * (heights * loadings).sum(axis=1)
        return cls(surfaces.center, precision, loadings, offset)

    @property
    def cells_at_a_time(self) -> int:
        """How many cells have few enough probabilities."""
        return max(MOST_PROBABILITIES // len(self.offset), 1)

    def log(self, values: Points) -> Points:
        """Log-likelihood of the values of cells, shape ``(n_cells, n_positions)``."""
        return np.asarray((values - self.center) @ self.loadings.T - self.offset)

    def squared_distance(self, values: Points, log_likelihood: Points) -> Points:
        """Squared distance of each cell from what is expected at its best position."""
        centred = values - self.center
        square = ((centred @ self.precision) * centred).sum(axis=1)
        return np.asarray(np.maximum(square - 2.0 * log_likelihood.max(axis=1), 0.0))


def tempered(log_likelihood: Points, temperature: float | Points) -> Points:
    """Probabilities of positions from log-likelihoods, each row of sum 1.

    Parameters
    ----------
    log_likelihood
        Shape ``(n_cells, n_positions)``.
    temperature
        One for all cells, or one for each.
    """
    weight = log_likelihood - log_likelihood.max(axis=1, keepdims=True)
    weight /= np.reshape(temperature, (-1, 1))
    np.exp(weight, out=weight)
    return np.asarray(weight / weight.sum(axis=1, keepdims=True))
