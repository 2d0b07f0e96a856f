"""How far cells are likely to be from where they are placed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from dpvae.geometry.uncertainty.neighborhood import Neighborhood
from dpvae.geometry.uncertainty.regions import Regions, mahalanobis, mean_deviation

Points = NDArray[np.float64]
Names = NDArray[np.str_]

MOST_CELLS = 2_000
NEARBY = 0.2
PRIOR_CELLS = 5.0
ROUND_CELLS = 3.0
ROUNDNESS = 0.1
LEAST_OF_USUAL = 0.1
FAR = 0.9
BLOCK = 8_192


@dataclass(frozen=True, eq=False)
class ErrorCalibration:
    """Errors of cells whose place was hidden, which predict the errors of other cells.

    How large the error of a cell is expected to be depends on its neighbourhood in the latent
    space: how far the nearest cells of known place are, and how far apart their places. In which
    direction it is expected depends on how these places scatter, and on the errors of the
    calibration cells that were placed nearby. How large regions must be so that they hold what they
    say is counted on the calibration cells, each left out of its own expectation: split conformal
    prediction with normalised scores (Lei et al. 2018; Johnstone & Cox 2021).

    Attributes
    ----------
    coordinates
        Where the calibration cells were placed, shape ``(n_calibration, n_dims)``.
    errors
        Their true place minus that, shape ``(n_calibration, n_dims)``.
    frame
        Name of the section in whose frame each was placed, shape ``(n_calibration,)``.
    reach
        Distance within which places are nearby, in the unit of the coordinates.
    around
        Neighbourhoods of the calibration cells.
    """

    coordinates: Points
    errors: Points
    frame: Names
    reach: float
    around: Neighborhood

    @classmethod
    def fit(
        cls, coordinates: Points, truth: Points, frame: Names, around: Neighborhood, radius: float
    ) -> "ErrorCalibration":
        """Calibrate with cells whose true place is known, and was not used to place them.

        Parameters
        ----------
        coordinates
            Where the cells were placed, shape ``(n_calibration, n_dims)``.
        truth
            Where they are, shape ``(n_calibration, n_dims)``.
        frame
            Name of the section in whose frame each was placed, shape ``(n_calibration,)``.
        around
            Their neighbourhood.
        radius
            Of the tissue, in the unit of the coordinates. A fifth of it is nearby.

        Returns
        -------
        The calibration. More than 2,000 cells are subsampled, always the same ones.

        Raises
        ------
        ValueError
            If no cell has an error.
        """
        if not (truth != coordinates).any():
            message = "All cells were placed exactly where they are: they were not held out."
            raise ValueError(message)
        chosen = np.arange(len(coordinates))
        if len(chosen) > MOST_CELLS:
            chosen = np.sort(np.random.default_rng(0).permutation(chosen)[:MOST_CELLS])
        errors = (truth - coordinates)[chosen]
        near = NEARBY * radius
        return cls(coordinates[chosen], errors, frame[chosen], near, around.of(chosen))

    def regions(self, coordinates: Points, frame: Names, around: Neighborhood) -> Regions:
        """Draw regions around places.

        Parameters
        ----------
        coordinates
            Places of the cells, shape ``(n_cells, n_dims)``.
        frame
            Name of the section in whose frame each was placed, shape ``(n_cells,)``.
        around
            Their neighbourhood.

        Returns
        -------
        The regions. Time O((n_cells + n_calibration) n_calibration), memory O(n_cells n_dims²) and
        8,192 times n_calibration numbers.
        """
        left_out = self._covariance(self.coordinates, self.frame, self.around, leave_out=True)
        square = (self.errors**2).sum(axis=1) / mean_deviation(left_out) ** 2
        unit = square.mean() / self.errors.shape[1]
        left_out *= unit
        covariance = np.empty_like(around.covariance)
        for begin in range(0, len(coordinates), BLOCK):
            rows = np.arange(begin, min(begin + BLOCK, len(coordinates)))
            covariance[rows] = unit * self._covariance(
                coordinates[rows], frame[rows], around.of(rows)
            )
        return Regions(
            coordinates,
            covariance,
            np.sort(np.linalg.norm(self.errors, axis=1) / mean_deviation(left_out)),
            np.sort(mahalanobis(self.errors, left_out)),
        )

    def share_far(self, around: Neighborhood) -> float:
        """Share of cells farther from cells of known place than 90 % of the calibration cells."""
        return float((around.distance > np.quantile(self.around.distance, FAR)).mean())

    def _covariance(
        self, coordinates: Points, frame: Names, around: Neighborhood, *, leave_out: bool = False
    ) -> Points:
        """Predict the products of errors, up to a common factor."""
        n_dims = self.errors.shape[1]
        scatter = around.covariance + np.finfo(float).tiny * np.eye(n_dims)
        variance = np.trace(scatter, axis1=1, axis2=2)[:, None, None] / n_dims
        rounded = scatter + ROUNDNESS * variance * np.eye(n_dims)
        errors = self._nearby_errors(coordinates, frame, leave_out=leave_out)
        directions = _of_unit_trace(rounded) + _of_unit_trace(errors)
        return self._size(around)[:, None, None] ** 2 * directions

    def _size(self, around: Neighborhood) -> Points:
        """Relative size of errors, √(spread of places) · ⁴√(latent distance), of 1 where usual."""
        spread = mean_deviation(around.covariance)
        distance = np.maximum(around.distance, LEAST_OF_USUAL)
        return np.asarray(np.sqrt(np.maximum(spread, LEAST_OF_USUAL)) * distance**0.25)

    def _nearby_errors(self, coordinates: Points, frame: Names, *, leave_out: bool) -> Points:
        """Mean product of the errors of calibration cells placed nearby in the same section."""
        products = self.errors[:, :, None] * self.errors[:, None, :]
        weight = np.exp(-0.5 * (cdist(coordinates, self.coordinates) / self.reach) ** 2)
        is_same = (frame[:, None] == self.frame[None, :]).astype(float)
        if leave_out:
            np.fill_diagonal(is_same, 0.0)
        n_dims = self.errors.shape[1]
        n_round = ROUND_CELLS * (self.errors**2).mean() * np.eye(n_dims)
        section = n_round + np.tensordot(is_same, products, 1)
        section /= (ROUND_CELLS + is_same.sum(axis=1))[:, None, None]
        weight *= is_same
        nearby = PRIOR_CELLS * section + np.tensordot(weight, products, 1)
        return np.asarray(nearby / (PRIOR_CELLS + weight.sum(axis=1))[:, None, None])


def _of_unit_trace(matrices: Points) -> Points:
    return np.asarray(matrices / np.trace(matrices, axis1=1, axis2=2)[:, None, None])
