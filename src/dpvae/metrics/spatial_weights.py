"""Graphs of neighbours, for autocorrelation."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, issparse

from dpvae._data.counted import counted

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SpatialWeights:
    """A graph of neighbours, and the sums over it that autocorrelation needs.

    Attributes
    ----------
    matrix
        Weights w_ij, float64, shape ``(n_cells, n_cells)``, without diagonal.
    margins
        Σ_j (w_ij + w_ji) of each cell, shape ``(n_cells,)``.
    total
        S₀ = Σ w_ij.
    """

    matrix: csr_matrix
    margins: Values
    total: float

    @classmethod
    def of(cls, graph: Any) -> Self:
        """Check a graph and sum it up.

        Raises
        ------
        ValueError
            If it is not sparse, square and finite, or pairs no two cells.
        """
        if not issparse(graph) or graph.shape[0] != graph.shape[1]:
            message = (
                f"graph is {type(graph).__name__} of shape {np.shape(graph)}; pass (n, n) sparse."
            )
            raise ValueError(message)
        if graph.shape[0] < 4:
            message = f"graph has {counted(graph.shape[0], 'cell')}; at least 4 are needed."
            raise ValueError(message)
        matrix = csr_matrix(graph, dtype=np.float64, copy=True)
        if not np.isfinite(matrix.data).all():
            message = (
                f"graph has {int((~np.isfinite(matrix.data)).sum())} weights that are not finite."
            )
            raise ValueError(message)
        matrix.setdiag(0.0)
        matrix.eliminate_zeros()
        total = float(matrix.sum())
        if matrix.nnz == 0 or total == 0.0:
            message = (
                "graph connects no two cells; build it with more neighbours or a larger radius."
            )
            raise ValueError(message)
        margins = np.asarray(matrix.sum(axis=0)).ravel() + np.asarray(matrix.sum(axis=1)).ravel()
        return cls(matrix, margins, total)

    @property
    def n_cells(self) -> int:
        """Number of cells."""
        return int(self.matrix.shape[0])

    def permuted(self, order: NDArray[np.intp]) -> Self:
        """Return the same graph over cells in another order, shape ``(n_cells,)``."""
        matrix = self.matrix[order][:, order]
        return type(self)(matrix.tocsr(), self.margins[order], self.total)

    def morans_variances(self, kurtosis: Values) -> tuple[Values, Values]:
        """Variance of Moran's I under normality and randomisation (Cliff & Ord 1981).

        Parameters
        ----------
        kurtosis
            n Σ (x − x̄)⁴ / (Σ (x − x̄)²)² of each variable, shape ``(n_variables,)``.
        """
        n, s0, s1, s2 = self._moments()
        mean_square = 1.0 / (n - 1) ** 2
        normality = (n**2 * s1 - n * s2 + 3 * s0**2) / (s0**2 * (n**2 - 1)) - mean_square
        spread = n * ((n**2 - 3 * n + 3) * s1 - n * s2 + 3 * s0**2)
        peak = kurtosis * ((n**2 - n) * s1 - 2 * n * s2 + 6 * s0**2)
        randomization = (spread - peak) / ((n - 1) * (n - 2) * (n - 3) * s0**2) - mean_square
        return np.full(len(kurtosis), normality), randomization

    def gearys_variances(self, kurtosis: Values) -> tuple[Values, Values]:
        """Variance of Geary's C under normality and randomisation (Cliff & Ord 1981).

        Parameters
        ----------
        kurtosis
            As in :meth:`morans_variances`.
        """
        n, s0, s1, s2 = self._moments()
        normality = ((2 * s1 + s2) * (n - 1) - 4 * s0**2) / (2 * (n + 1) * s0**2)
        first = (n - 1) * s1 * (n**2 - 3 * n + 3 - (n - 1) * kurtosis)
        second = (n - 1) * s2 * (n**2 + 3 * n - 6 - (n**2 - n + 2) * kurtosis) / 4.0
        third = s0**2 * (n**2 - 3 - (n - 1) ** 2 * kurtosis)
        randomization = (first - second + third) / (n * (n - 2) * (n - 3) * s0**2)
        return np.full(len(kurtosis), normality), randomization

    def _moments(self) -> tuple[float, float, float, float]:
        both = self.matrix + self.matrix.T
        s1 = 0.5 * float((both.data**2).sum())
        return float(self.n_cells), self.total, s1, float((self.margins**2).sum())
