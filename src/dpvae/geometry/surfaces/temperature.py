"""Temperatures of probabilities, chosen by cells that are left out."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from dpvae._data.some_rows import at_most
from dpvae.geometry.surfaces.likelihood import Likelihood, tempered
from dpvae.geometry.surfaces.surfaces import N_FOLDS, CrossFitted

Points = NDArray[np.float64]
Rows = NDArray[np.intp]

MOST_POSITIONS = 4_000
MOST_LEFT_OUT = 1_000
TEMPERATURES = 2.0 ** np.arange(0.0, 5.25, 0.25)


@dataclass(frozen=True, eq=False)
class LeftOut:
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


def left_out_cells(
    fitted: CrossFitted,
    precision: Points,
    values: Points,
    places: Points,
    rng: np.random.Generator,
    is_judge: NDArray[np.bool_],
) -> Iterator[LeftOut]:
    """Leave out cells of each fifth.

    Parameters
    ----------
    fitted
        Surfaces of all cells, and without each fifth.
    precision
        Inverse covariance of departures, shape ``(n_values, n_values)``.
    values, places
        Of all cells, shape ``(n_cells, n_values)`` and ``(n_cells, n_dims)``.
    rng
        Chooses 1,000 cells at most, and 4,000 positions at most.
    is_judge
        Mask of the cells to leave out, shape ``(n_cells,)``. Fifths without such cells are passed
        over.
    """
    for number, surfaces in enumerate(fitted.without):
        is_mine = fitted.fold == number
        mine, others = np.flatnonzero(is_mine & is_judge), np.flatnonzero(~is_mine)
        if not len(mine):
            continue
        cells = at_most(mine, MOST_LEFT_OUT // N_FOLDS, rng)
        positions = places[at_most(others, MOST_POSITIONS, rng)]
        likelihood = Likelihood.of(surfaces, precision, positions)
        found = likelihood.log(values[cells])
        near = np.asarray(cKDTree(positions).query(places[cells])[1], dtype=np.intp)
        distance = likelihood.squared_distance(values[cells], found)
        yield LeftOut(places[cells], found, positions, near, distance)


def best_temperatures(left_out: list[LeftOut]) -> tuple[float, float]:
    """Choose the temperature of the least squared error of means, and of the most log-probability.

    Parameters
    ----------
    left_out
        Cells, and what is likely of them.
    """
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
