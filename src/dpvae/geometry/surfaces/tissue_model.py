"""A model of what is observed of cells at each position of a tissue, inverted by Bayes."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from dpvae._data.some_rows import at_most
from dpvae.geometry.posterior.posterior import Posterior
from dpvae.geometry.posterior.sparse_probabilities import sparse_probabilities
from dpvae.geometry.surfaces.likelihood import Likelihood, tempered
from dpvae.geometry.surfaces.noise import noise_precision
from dpvae.geometry.surfaces.surfaces import Surfaces, blocks, fit_surfaces
from dpvae.geometry.surfaces.temperature import (
    MOST_POSITIONS,
    LeftOut,
    best_temperatures,
    left_out_cells,
)

Points = NDArray[np.float64]
Rows = NDArray[np.intp]

USUAL = 0.9


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
    errors
        Expected distance of each position from where its cell was, shape ``(n_positions,)``: more
        than 0 if it is guessed. ``None`` if all are measured.
    """

    surfaces: Surfaces
    precision: Points
    positions: Points
    rows: Rows
    temperature: float
    temperature_of_mean: float
    usual_distance: float
    deviation: Points
    errors: Points | None = None

    def means(self, values: Points, usual: Points | float = 1.0) -> tuple[Points, Points]:
        """Mean place of cells, and how unlike the tissue they are.

        Parameters
        ----------
        values
            Of the cells, shape ``(n_cells, n_values)``.
        usual
            What is usual for these cells, as a multiple of ``usual_distance``: one number, or
            shape ``(n_cells,)``.

        Returns
        -------
        Places, shape ``(n_cells, n_dims)``, and how many times larger than usual the squared
        distance of each cell is from what is expected at its best position, at least 1, shape
        ``(n_cells,)``. Time O(n_cells n_positions n_values), memory O(n_cells n_dims + n_positions
        n_values) and 4 million probabilities.
        """
        places = np.empty((len(values), self.positions.shape[1]))
        unlike = np.empty(len(values))
        usual = np.broadcast_to(usual, len(values))
        likelihood = Likelihood.of(self.surfaces, self.precision, self.positions)
        for some in blocks(len(values), likelihood.cells_at_a_time):
            log_likelihood = likelihood.log(values[some])
            distance = likelihood.squared_distance(values[some], log_likelihood)
            unlike[some] = self._unlikeness(distance, usual[some])
            temperature = self.temperature_of_mean * unlike[some]
            places[some] = tempered(log_likelihood, temperature) @ self.positions
        return places, unlike

    def posterior(
        self, values: Points, grid: Points | None = None, usual: Points | float = 1.0
    ) -> Posterior:
        """Probability of every position for cells.

        Parameters
        ----------
        values, usual
            As for :meth:`means`.
        grid
            Other positions, shape ``(n_positions, n_dims)``. By default those of the cells that
            the model was fitted to.

        Returns
        -------
        The posterior. Time as of :meth:`means`. Memory: what holds 99.9 % of each cell's
        probability, 8 bytes for each number.
        """
        positions = self.positions if grid is None else grid
        near = slice(None) if grid is None else cKDTree(self.positions).query(grid)[1]
        errors = None if self.errors is None else self.errors[near]
        likelihood = Likelihood.of(self.surfaces, self.precision, positions)
        unlike = np.empty(len(values))
        usual = np.broadcast_to(usual, len(values))

        def parts() -> Iterator[Points]:
            for some in blocks(len(values), likelihood.cells_at_a_time):
                found = likelihood.log(values[some])
                distance = likelihood.squared_distance(values[some], found)
                unlike[some] = self._unlikeness(distance, usual[some])
                yield tempered(found, self.temperature * unlike[some])

        probabilities = sparse_probabilities(parts(), len(positions))
        sharper = self.temperature / self.temperature_of_mean
        return Posterior(positions, probabilities, self.rows[near], unlike, sharper, errors)

    def _unlikeness(self, distance: Points, usual: Points) -> Points:
        return np.maximum(distance / (self.usual_distance * usual), 1.0)

    def of_rows(self, rows: Rows) -> "TissueModel":
        """Name cells by other row numbers, given for all cells that the model was fitted to."""
        return replace(self, rows=rows[self.rows])


def fit_tissue_model(
    values: Points, places: Points, *, errors: Points | None = None, seed: int = 0
) -> TissueModel:
    """Fit surfaces, departures from them, and temperatures.

    Parameters
    ----------
    values
        Of cells, shape ``(n_cells, n_values)``.
    places
        Of the same cells, shape ``(n_cells, 2)`` or ``(n_cells, 3)``, without NaN, not all on a
        line.
    errors
        Expected distance of places from the true ones, shape ``(n_cells,)``, 0 for those that are
        measured, as all are by default. Cells of measured place choose temperatures; all do if
        there are none.
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
    precision = noise_precision(departures, values)
    judges = np.ones(len(places), dtype=bool) if errors is None or errors.all() else errors == 0.0
    left_out = list(left_out_cells(fitted, precision, values, places, rng, judges))
    rows = at_most(np.arange(len(places)), MOST_POSITIONS, rng)
    of_means, of_regions = best_temperatures(left_out)
    return TissueModel(
        fitted.surfaces,
        precision,
        places[rows],
        rows,
        of_regions,
        min(of_means, of_regions),
        _usual_distance(left_out),
        np.sqrt((departures**2).mean(axis=0)),
        None if errors is None else errors[rows],
    )


def relative_distance(values: Points, places: Points, new: Points, *, seed: int = 0) -> Points:
    """Squared distance of new cells from what is expected at their best position.

    Parameters
    ----------
    values, places, seed
        Of the cells that surfaces are fitted to, as for :func:`fit_tissue_model`.
    new
        Values of the new cells, shape ``(n_new, n_values)``.

    Returns
    -------
    As a multiple of the usual distance of the model that :func:`fit_tissue_model` would give, shape
    ``(n_new,)``. Temperatures, which take long, are not chosen.
    """
    rng = np.random.default_rng(seed)
    fitted = fit_surfaces(places, values, seed=seed)
    precision = noise_precision(values - fitted.left_out(places), values)
    everyone = np.ones(len(places), dtype=bool)
    left_out = list(left_out_cells(fitted, precision, values, places, rng, everyone))
    positions = places[at_most(np.arange(len(places)), MOST_POSITIONS, rng)]
    likelihood = Likelihood.of(fitted.surfaces, precision, positions)
    distance = np.empty(len(new))
    for some in blocks(len(new), likelihood.cells_at_a_time):
        distance[some] = likelihood.squared_distance(new[some], likelihood.log(new[some]))
    return distance / _usual_distance(left_out)


def _usual_distance(left_out: list[LeftOut]) -> float:
    distance = np.concatenate([part.squared_distance for part in left_out])
    return max(float(np.quantile(distance, USUAL)), np.finfo(float).tiny)
