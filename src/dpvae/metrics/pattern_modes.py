"""Independent directions in which values can follow kernels over a section."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

NEGLIGIBLE, LESS_THAN_ONE = 1e-7, 0.5


@dataclass(frozen=True, eq=False)
class PatternModes:
    """Orthonormal combinations of cosines, and as the last mode all that is no pattern.

    Attributes
    ----------
    projection
        Of sums over cells of values times cosines, shape ``(n_modes - 1, n_cosines)``.
    kernels
        Variance of each mode under each kernel, shape ``(n_lengths, n_modes)``.
    bins
        How much of each mode lies in each bin of cells, shape ``(n_modes, n_bins)``.
    numbers
        Dimensions of each mode, shape ``(n_modes,)``: 1, and of the last many, or 0.
    """

    projection: Values
    kernels: Values
    bins: Values
    numbers: Values

    @classmethod
    def of(cls, products: Values, spectra: Values, freedom: Values) -> "PatternModes":
        """Diagonalise the mean of kernels; of each kernel its diagonal in these modes is kept.

        Parameters
        ----------
        products
            Products of cosines in each bin of cells, shape ``(n_bins, n_cosines, n_cosines)``.
        spectra
            Variance of each cosine's weight, shape ``(n_lengths, n_cosines)``.
        freedom
            Number of cells of each bin, less what a regression takes, shape ``(n_bins,)``.
        """
        total = products.sum(axis=0)
        root = np.sqrt(spectra.mean(axis=0))
        size, axes = np.linalg.eigh(root[:, None] * total * root)
        is_mode = size > NEGLIGIBLE * size[-1]
        projection = (axes[:, is_mode] / np.sqrt(size[is_mode])).T * root
        kernels = spectra @ ((projection @ total) ** 2).T
        within = ((projection @ products) * projection).sum(axis=2).T
        left = np.maximum(freedom - within.sum(axis=0), 0.0)
        n_left = float(left.sum())
        if n_left < LESS_THAN_ONE:
            left, n_left = np.zeros_like(left), 0.0
        return cls(
            projection,
            np.hstack([kernels, np.zeros((len(spectra), 1))]),
            np.vstack([within, left / max(n_left, LESS_THAN_ONE)]),
            np.append(np.ones(len(projection)), n_left),
        )

    def squares(self, weights: Values, total: Values) -> Values:
        """Mean square of values in each mode, shape ``(n_modes, n_genes)``.

        Parameters
        ----------
        weights
            Sums over cells of values times cosines, shape ``(n_cosines, n_genes)``.
        total
            Sum of all squared values, shape ``(n_genes,)``.
        """
        found = (self.projection @ weights) ** 2
        n_left = self.numbers[-1]
        left = np.maximum(total - found.sum(axis=0), 0.0) / max(n_left, LESS_THAN_ONE)
        return np.vstack([found, left if n_left else np.zeros_like(left)])

    def noise(self, variances: Values) -> Values:
        """Mean square of noise of these variances, shape ``(n_bins, n_genes)``, in each mode."""
        return np.asarray(self.bins @ variances)
