"""Cosines over a tissue, of which smooth surfaces are made."""

from dataclasses import dataclass
from math import pi, prod

import numpy as np
from numpy.typing import NDArray

from dpvae.geometry.surfaces.matern import matern_density

Points = NDArray[np.float64]

N_COSINES = 256
MARGIN = 0.1


@dataclass(frozen=True, eq=False)
class Cosines:
    """Products of cosines over the box around a tissue, those of the lowest frequencies.

    A Gaussian process of a stationary kernel is, far from the edges of the box, a sum of these with
    independent weights whose variance is the kernel's spectral density at their frequency
    (:cite:t:`Solin20`).

    Parameters
    ----------
    origin
        Lowest corner of the box, shape ``(n_dims,)``.
    frequencies
        Of each cosine along each axis, shape ``(n_cosines, n_dims)``.
    amplitudes
        Which make their squares integrate to 1, shape ``(n_cosines,)``.
    width
        Of the tissue along its widest axis, the unit of lengths.
    """

    origin: Points
    frequencies: Points
    amplitudes: Points
    width: float

    @classmethod
    def around(cls, places: Points, n_cosines: int = N_COSINES) -> "Cosines":
        """Choose the box, a tenth of the tissue's width wider on all sides, and the frequencies.

        Parameters
        ----------
        places
            Shape ``(n_cells, 2)`` or ``(n_cells, 3)``.
        n_cosines
            How many. By default 256.
        """
        lowest, extent = places.min(axis=0), np.ptp(places, axis=0)
        width = float(extent.max()) or 1.0
        sides = extent + 2.0 * MARGIN * width
        n_dims = len(sides)
        n_per_axis = np.ceil(2.0 * sides * (n_cosines / prod(sides)) ** (1.0 / n_dims)) + 2
        counts = np.stack(np.meshgrid(*map(np.arange, n_per_axis), indexing="ij"), axis=-1)
        counts = counts.reshape(-1, n_dims)
        frequencies = pi * counts / sides
        lowest_first = np.argsort((frequencies**2).sum(axis=1), kind="stable")[:n_cosines]
        chosen = counts[lowest_first]
        amplitudes = np.sqrt(np.prod(np.where(chosen == 0, 1.0, 2.0) / sides, axis=1))
        return cls(lowest - MARGIN * width, frequencies[lowest_first], amplitudes, width)

    def at(self, places: Points) -> Points:
        """Values at places, shape ``(n_places, n_cosines)``."""
        distance = places - self.origin
        values = np.repeat(self.amplitudes[None, :], len(places), axis=0)
        for axis in range(distance.shape[1]):
            values *= np.cos(np.outer(distance[:, axis], self.frequencies[:, axis]))
        return values

    def variances(self, length: float) -> Points:
        """Variance of each cosine's weight for a Matérn 3/2 kernel of variance 1.

        Parameters
        ----------
        length
            Of the kernel, in widths of the tissue.

        Returns
        -------
        Spectral density of the kernel, shape ``(n_cosines,)``.
        """
        squared = (self.frequencies**2).sum(axis=1)
        n_dims = self.frequencies.shape[1]
        return np.asarray(matern_density(squared, length * self.width, n_dims))
