"""Places of cells as means of those of the cells with the most similar genes."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.metrics.pairwise import euclidean_distances

from dpvae.geometry.balanced_kernel import BalancedKernel, fit_balanced_kernel

Values = NDArray[np.float64]


@dataclass(frozen=True)
class GeneNeighbours:
    """Means of places over similar cells, which are found by all genes as they are, and weighted.

    Parameters
    ----------
    genes
        Of the cells that it was fitted to, shape ``(n_cells, n_genes)``.
    factor
        What genes are multiplied by when they are weighted, shape ``(n_genes,)``.
    coordinates
        Places of these cells, shape ``(n_cells, 2)`` or ``(n_cells, 3)``.
    as_they_are, weighted
        How much each of them counts, see :class:`~dpvae.geometry.balanced_kernel.BalancedKernel`.
    """

    genes: NDArray[np.float32]
    factor: NDArray[np.float32]
    coordinates: Values
    as_they_are: BalancedKernel
    weighted: BalancedKernel

    @classmethod
    def of(cls, saved: dict[str, Any]) -> "GeneNeighbours":
        """Make it from what :func:`dataclasses.asdict` gave."""
        names = ("as_they_are", "weighted")
        return cls(**{**saved, **{name: BalancedKernel(**saved[name]) for name in names}})

    def places(self, genes: Any) -> Values:
        """Places of cells with these genes, shape ``(n, n_genes)``, dense or sparse."""
        plain = self.as_they_are.mean(euclidean_distances(genes, self.genes), self.coordinates)
        distance = euclidean_distances(_scaled(genes, self.factor), self.genes * self.factor)
        return 0.5 * (plain + self.weighted.mean(distance, self.coordinates))


def fit_gene_neighbours(genes: Any, factor: Values, coordinates: Values) -> GeneNeighbours:
    """Fit it to cells of known place.

    Parameters
    ----------
    genes
        Shape ``(n_cells, n_genes)``, dense or sparse.
    factor
        What genes are multiplied by when they are weighted, shape ``(n_genes,)``.
    coordinates
        Shape ``(n_cells, 2)`` or ``(n_cells, 3)``.

    Returns
    -------
    Time O(n_cells² n_genes), memory O(n_cells²): for a thousand cells or so.
    """
    own = np.asarray(genes.toarray() if issparse(genes) else genes, dtype=np.float32)
    scale = factor.astype(np.float32)
    kernels = [
        fit_balanced_kernel(euclidean_distances(values), coordinates)
        for values in (own, own * scale)
    ]
    return GeneNeighbours(own, scale, coordinates, *kernels)


def _scaled(genes: Any, factor: NDArray[np.float32]) -> Any:
    return genes.multiply(factor).tocsr() if issparse(genes) else genes * factor
