"""A model of what is observed of cells at each position of a tissue, inverted by Bayes."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from dpvae._data.some_rows import at_most
from dpvae.geometry.posterior.grid import has_outline
from dpvae.geometry.posterior.posterior import Posterior
from dpvae.geometry.posterior.sparse_probabilities import sparse_probabilities
from dpvae.geometry.surfaces.noise import noise_precision
from dpvae.geometry.surfaces.surfaces import (
    N_FOLDS,
    CrossFitted,
    Surfaces,
    blocks,
    fit_surfaces,
)

Points = NDArray[np.float64]
Rows = NDArray[np.intp]

MOST_POSITIONS = 4_000
MOST_LEFT_OUT = 1_000
MOST_PROBABILITIES = 4_000_000
USUAL = 0.9
TEMPERATURES = 2.0 ** np.arange(0.0, 5.25, 0.25)


@dataclass(frozen=True, eq=False)
class TissueModel:
    r"""Values of a cell at position s are :math:`N(f(s), R)`; so its values tell its position.

    .. math:: p(s_j \mid y) \propto \exp\left(\frac{y^\top R^{-1} f(s_j)
        - \tfrac12 f(s_j)^\top R^{-1} f(s_j)}{T}\right)

    over the positions of cells, each of which counts alike. f are surfaces
    (:func:`~dpvae.geometry.surfaces.surfaces.fit_surfaces`), R is the covariance of departures from
    them, and T a temperature of at least 1: it makes up for departures that are not normal, and is
    chosen by cells that are left out.

    Parameters
    ----------
    surfaces
        f.
    precision
        :math:`R^{-1}`, shape ``(n_values, n_values)``.
    positions
        :math:`s_j`, shape ``(n_positions, n_dims)``.
    rows
        The cells that stand there, by their row numbers among those that the model was fitted to,
        shape ``(n_positions,)``.
    temperature
        T of probabilities: the one that gives the places of left-out cells the most probability.
    temperature_of_mean
        T of mean places: the one whose means are nearest to these places, and no higher.
    usual_distance
        Squared distance :math:`(y-f)^\top R^{-1} (y-f)` from the best position that nine of ten
        left-out cells stay below. A cell whose squared distance is n times as large is unlike the
        tissue: T is n times as high for it.
    deviation
        Root mean square departure of each value, shape ``(n_values,)``.
    """

    surfaces: Surfaces
    precision: Points
    positions: Points
    rows: Rows
    temperature: float
    temperature_of_mean: float
    usual_distance: float
    deviation: Points

    def means(self, values: Points) -> tuple[Points, Points]:
        """Mean place of cells, and how unlike the tissue they are.

        Parameters
        ----------
        values
            Of the cells, shape ``(n_cells, n_values)``.

        Returns
        -------
        Places, shape ``(n_cells, n_dims)``, and how many times larger than usual the squared
        distance of each cell is from what is expected at its best position, at least 1, shape
        ``(n_cells,)``. Time O(n_cells n_positions n_values), memory O(n_cells n_dims + n_positions
        n_values) and 4 million probabilities.
        """
        places = np.empty((len(values), self.positions.shape[1]))
        unlike = np.empty(len(values))
        likelihood = Likelihood.of(self.surfaces, self.precision, self.positions)
        for some in blocks(len(values), likelihood.cells_at_a_time):
            log_likelihood = likelihood.log(values[some])
            unlike[some] = self._unlikeness(likelihood, values[some], log_likelihood)
            temperature = self.temperature_of_mean * unlike[some]
            places[some] = tempered(log_likelihood, temperature) @ self.positions
        return places, unlike

    def posterior(self, values: Points, grid: Points | None = None) -> Posterior:
        """Probability of every position for cells.

        Parameters
        ----------
        values
            Of the cells, shape ``(n_cells, n_values)``.
        grid
            Other positions, shape ``(n_positions, n_dims)``. By default those of the cells that
            the model was fitted to.

        Returns
        -------
        The posterior. Time as of :meth:`means`. Memory: what holds 99.9 % of each cell's
        probability, 8 bytes for each number.
        """
        positions = self.positions if grid is None else grid
        rows = self.rows if grid is None else self.rows[cKDTree(self.positions).query(grid)[1]]
        likelihood = Likelihood.of(self.surfaces, self.precision, positions)
        unlike = np.empty(len(values))

        def parts() -> Iterator[Points]:
            for some in blocks(len(values), likelihood.cells_at_a_time):
                found = likelihood.log(values[some])
                unlike[some] = self._unlikeness(likelihood, values[some], found)
                yield tempered(found, self.temperature * unlike[some])

        probabilities = sparse_probabilities(parts(), len(positions))
        sharper = self.temperature / self.temperature_of_mean
        return Posterior(positions, probabilities, rows, unlike, sharper)

    def _unlikeness(
        self, likelihood: "Likelihood", values: Points, log_likelihood: Points
    ) -> Points:
        distance = likelihood.squared_distance(values, log_likelihood)
        return np.maximum(distance / self.usual_distance, 1.0)

    def of_rows(self, rows: Rows) -> "TissueModel":
        """Name cells by other row numbers, given for all cells that the model was fitted to."""
        return replace(self, rows=rows[self.rows])


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


def can_be_modelled(places: Points) -> bool:
    """Whether cells are enough, and not all on a line, for surfaces over their tissue."""
    return has_outline(places)


def fit_tissue_model(values: Points, places: Points, *, seed: int = 0) -> TissueModel:
    """Fit surfaces, departures from them, and temperatures.

    Parameters
    ----------
    values
        Of cells, shape ``(n_cells, n_values)``.
    places
        Of the same cells, shape ``(n_cells, 2)`` or ``(n_cells, 3)``, without NaN, not all on a
        line.
    seed
        Of the division into fifths that are left out, of the 1,000 cells at most that choose
        temperatures, and of the positions, of which there are 4,000 at most.

    Returns
    -------
    The model. Departures are those of cells from surfaces that did not see them.
    """
    rng = np.random.default_rng(seed)
    fitted = fit_surfaces(places, values, seed=seed)
    departures = values - fitted.left_out(places)
    precision = noise_precision(departures)
    left_out = list(_left_out(fitted, precision, values, places, rng))
    distance = np.concatenate([part.squared_distance for part in left_out])
    rows = at_most(np.arange(len(places)), MOST_POSITIONS, rng)
    of_means, of_regions = _temperatures(left_out)
    return TissueModel(
        fitted.surfaces,
        precision,
        places[rows],
        rows,
        of_regions,
        min(of_means, of_regions),
        max(float(np.quantile(distance, USUAL)), np.finfo(float).tiny),
        np.sqrt((departures**2).mean(axis=0)),
    )


@dataclass(frozen=True, eq=False)
class _LeftOut:
    """Cells of a fifth, by surfaces that did not see them.

    Parameters
    ----------
    truth
        Their places, shape ``(n_cells, n_dims)``.
    log_likelihood
        At positions of the others, shape ``(n_cells, n_positions)``.
    positions
        Of the others, shape ``(n_positions, n_dims)``.
    nearest
        The position that is nearest to each cell, shape ``(n_cells,)``.
    squared_distance
        Of each cell from what is expected at its best position, shape ``(n_cells,)``.
    """

    truth: Points
    log_likelihood: Points
    positions: Points
    nearest: Rows
    squared_distance: Points


def _left_out(
    fitted: CrossFitted,
    precision: Points,
    values: Points,
    places: Points,
    rng: np.random.Generator,
) -> Iterator[_LeftOut]:
    for number, surfaces in enumerate(fitted.without):
        mine, others = (np.flatnonzero(x) for x in (fitted.fold == number, fitted.fold != number))
        cells = at_most(mine, MOST_LEFT_OUT // N_FOLDS, rng)
        positions = places[at_most(others, MOST_POSITIONS, rng)]
        likelihood = Likelihood.of(surfaces, precision, positions)
        found = likelihood.log(values[cells])
        near = np.asarray(cKDTree(positions).query(places[cells])[1], dtype=np.intp)
        distance = likelihood.squared_distance(values[cells], found)
        yield _LeftOut(places[cells], found, positions, near, distance)


def _temperatures(left_out: list[_LeftOut]) -> tuple[float, float]:
    """Temperature of the least squared error of means, and of the most log-probability."""
    errors, scores = [], []
    for temperature in TEMPERATURES:
        error, score = 0.0, 0.0
        for part in left_out:
            probabilities = tempered(part.log_likelihood, float(temperature))
            error += float(((probabilities @ part.positions - part.truth) ** 2).sum())
            at_truth = probabilities[np.arange(len(part.nearest)), part.nearest]
            score += float(np.log(np.maximum(at_truth, np.finfo(float).tiny)).sum())
        errors.append(error)
        scores.append(score)
    return float(TEMPERATURES[np.argmin(errors)]), float(TEMPERATURES[np.argmax(scores)])
