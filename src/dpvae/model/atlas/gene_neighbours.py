"""Places of cells as means of those of the cells with the most similar genes."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import issparse

from dpvae.geometry.regression.balanced_kernel import BalancedKernel, fit_balanced_kernel

Values = NDArray[np.float64]
Genes = NDArray[np.float32]


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
        How much each of them counts, see
        :class:`~dpvae.geometry.regression.balanced_kernel.BalancedKernel`.
    """

    genes: Genes
    factor: Genes
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
        values = dense(genes)
        plain = self.as_they_are.mean(_distances(values, self.genes), self.coordinates)
        distance = _distances(values * self.factor, self.genes * self.factor)
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
    own, scale = dense(genes), factor.astype(np.float32)
    kernels = [
        fit_balanced_kernel(_distances(values, values), coordinates)
        for values in (own, own * scale)
    ]
    return GeneNeighbours(own, scale, coordinates, *kernels)


def dense(genes: Any) -> Genes:
    """Expression as an array of 32-bit numbers, from an array or a sparse matrix."""
    values = genes.toarray() if issparse(genes) else genes
    return np.asarray(values, dtype=np.float32, order="C")


def _distances(genes: Genes, others: Genes) -> Values:
    """Euclidean distances, by a product of matrices: about the mean of the others, to be exact."""
    centre = others.mean(axis=0)
    ours, theirs = torch.from_numpy(genes - centre), torch.from_numpy(others - centre)
    return torch.cdist(ours, theirs).double().numpy()
