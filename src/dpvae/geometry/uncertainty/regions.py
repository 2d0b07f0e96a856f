"""Discs and ellipses that hold true places."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dpvae.geometry.coordinates import check_coordinate_rows

Points = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Regions:
    """Where placed cells are likely to be: a disc and an ellipse around each.

    In three dimensions balls and ellipsoids. Both hold the true place equally often; the ellipse is
    smaller if errors have a direction, the disc is one number.

    Attributes
    ----------
    coordinates
        Places of the cells, the centres of their regions, shape ``(n_cells, n_dims)``.
    covariance
        Expected product of the errors along each two axes, shape ``(n_cells, n_dims, n_dims)``, in
        squared units of the coordinates.
    disc_scores
        Errors of the calibration cells, each over the root of the mean of its variances, in rising
        order, shape ``(n_calibration,)``.
    ellipse_scores
        The same with the Mahalanobis distance of their covariance, shape ``(n_calibration,)``.
    """

    coordinates: Points
    covariance: Points
    disc_scores: Points
    ellipse_scores: Points

    def radii(self, level: float) -> Points:
        """Radii of the discs that hold the true place, shape ``(n_cells,)``.

        Parameters
        ----------
        level
            Share of the cells whose true place is to be in their disc, such as 0.9.

        Raises
        ------
        ValueError
            If the level is not between 0 and 1, or too high for the number of calibration cells.

        Examples
        --------
        >>> import numpy as np
        >>> from dpvae.geometry import Regions
        >>> scores = np.linspace(0.1, 2.0, 20)
        >>> regions = Regions(np.zeros((1, 2)), 9.0 * np.eye(2)[None], scores, scores)
        >>> regions.radii(0.9).round(3).tolist()
        [5.7]
        """
        return conformal_quantile(self.disc_scores, level) * mean_deviation(self.covariance)

    def ellipses(self, level: float) -> Points:
        """Matrices E of the ellipses (x − s)ᵀ E⁻¹ (x − s) ≤ 1 that hold the true place.

        Parameters
        ----------
        level
            Share of the cells whose true place is to be in their ellipse, such as 0.9.

        Returns
        -------
        Shape ``(n_cells, n_dims, n_dims)``. The half axes are the roots of the eigenvalues.

        Raises
        ------
        ValueError
            If the level is not between 0 and 1, or too high for the number of calibration cells.
        """
        return conformal_quantile(self.ellipse_scores, level) ** 2 * self.covariance

    def in_discs(self, places: ArrayLike, level: float) -> NDArray[np.bool_]:
        """Whether the disc of each cell holds a place: ``(n_cells,)``, false for places of NaN.

        Parameters
        ----------
        places
            One place for each cell, shape ``(n_cells, n_dims)``.
        level
            As in :meth:`radii`.

        Raises
        ------
        ValueError
            If the level or the shape of the places is not usable.
        """
        return np.asarray(np.linalg.norm(self._errors(places), axis=1) <= self.radii(level))

    def in_ellipses(self, places: ArrayLike, level: float) -> NDArray[np.bool_]:
        """Whether the ellipse of each cell holds a place: ``(n_cells,)``, false for places of NaN.

        Parameters and errors are as of :meth:`in_discs`.
        """
        return mahalanobis(self._errors(places), self.ellipses(level)) <= 1.0

    def _errors(self, places: ArrayLike) -> Points:
        true = check_coordinate_rows(places, name="places")
        if true.shape != self.coordinates.shape:
            message = (
                f"places has the shape {true.shape}, but the regions belong to "
                f"{self.coordinates.shape[0]} cells in {self.coordinates.shape[1]} dimensions."
            )
            raise ValueError(message)
        return true - self.coordinates


def conformal_quantile(scores: ArrayLike, level: float) -> float:
    """Bound that the score of a further cell stays below with the probability ``level``.

    The ⌈(m + 1) · level⌉-th smallest of m scores (split conformal prediction, Papadopoulos et al.
    2002): with cells drawn alike, the bound holds for any distribution and any m.

    Parameters
    ----------
    scores
        Of the calibration cells, shape ``(n_calibration,)``.
    level
        Probability, between 0 and 1.

    Raises
    ------
    ValueError
        If the level is not between 0 and 1, or m is too small for it.

    Examples
    --------
    >>> from dpvae.geometry.uncertainty.regions import conformal_quantile
    >>> conformal_quantile([3.0, 1.0, 2.0, 4.0], 0.5)
    3.0
    """
    values = np.sort(np.asarray(scores, dtype=np.float64))
    if not 0.0 < level < 1.0:
        message = f"level is {level}: give a share between 0 and 1, such as 0.9."
        raise ValueError(message)
    rank = math.ceil(round((len(values) + 1) * level, 9))
    if rank > len(values):
        fewest = math.ceil(round(level / (1.0 - level), 9))
        message = (
            f"Regions that hold {100 * level:g} % need {fewest} calibration cells, and there were "
            f"{len(values)}: choose a lower level, or calibrate with more cells."
        )
        raise ValueError(message)
    return float(values[rank - 1])


def mean_deviation(covariance: Points) -> Points:
    """Root of the mean variance over the axes, from ``(n_cells, n_dims, n_dims)`` covariances."""
    return np.asarray(np.sqrt(np.trace(covariance, axis1=1, axis2=2) / covariance.shape[1]))


def mahalanobis(errors: Points, covariance: Points) -> Points:
    """Root of rᵀ Σ⁻¹ r for errors of shape ``(n_cells, n_dims)``, shape ``(n_cells,)``."""
    solved = np.linalg.solve(covariance, errors[:, :, None])[:, :, 0]
    return np.asarray(np.sqrt(np.maximum((errors * solved).sum(axis=1), 0.0)))
