"""Places of cells as means over the cells with the most similar genes."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import issparse

from dpvae.geometry.regression.balanced_kernel import BalancedKernel, fit_balanced_kernel

Values = NDArray[np.float64]
Genes = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class GeneNeighbors:
    """Means of places over similar cells, which are found by all genes as they are, and weighted.

    Parameters
    ----------
    genes
        Of the cells that it was fitted to, shape ``(n_cells, n_genes)``.
    factor
        What genes are multiplied by when they are weighted, shape ``(n_genes,)``.
    as_they_are, weighted
        How much each cell counts, and their places, see
        :class:`~dpvae.geometry.regression.balanced_kernel.BalancedKernel`.
    """

    genes: Genes
    factor: Genes
    as_they_are: BalancedKernel
    weighted: BalancedKernel

    @property
    def left_out(self) -> Values:
        """Places of the cells that it was fitted to, each by the others."""
        return 0.5 * (self.as_they_are.left_out + self.weighted.left_out)

    def predict(self, genes: Any) -> Values:
        """Places of cells with these genes, shape ``(n_new, n_genes)``, dense or sparse."""
        values = dense(genes)
        plain = self.as_they_are.predict(_distances(values, self.genes))
        distance = _distances(values * self.factor, self.genes * self.factor)
        return 0.5 * (plain + self.weighted.predict(distance))


def fit_gene_neighbors(genes: Any, factor: Values, places: Values) -> GeneNeighbors:
    """Fit it to cells of known place.

    Parameters
    ----------
    genes
        Shape ``(n_cells, n_genes)``, dense or sparse.
    factor
        What genes are multiplied by when they are weighted, shape ``(n_genes,)``.
    places
        Shape ``(n_cells, 2)`` or ``(n_cells, 3)``.

    Returns
    -------
    Time O(n_cells² n_genes), memory O(n_cells²): for a thousand cells or so.
    """
    own, scale = dense(genes), factor.astype(np.float32)
    kernels = [
        fit_balanced_kernel(_distances(values, values), places) for values in (own, own * scale)
    ]
    return GeneNeighbors(own, scale, *kernels)


def dense(genes: Any) -> Genes:
    """Expression as an array of 32-bit numbers, from an array or a sparse matrix."""
    values = genes.toarray() if issparse(genes) else genes
    return np.asarray(values, dtype=np.float32, order="C")


def _distances(genes: Genes, others: Genes) -> Values:
    """Euclidean distances as a matrix product, accurate only after centring the genes."""
    center = others.mean(axis=0)
    ours, theirs = torch.from_numpy(genes - center), torch.from_numpy(others - center)
    return torch.cdist(ours, theirs).double().numpy()
