"""Principal components of genes that all count alike."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dpvae.geometry.regression.principal_axes import principal_axes
from dpvae.model.atlas.encoded_cells import ReadGenes
from dpvae.model.atlas.gene_neighbors import dense
from dpvae.model.atlas.gene_regression import rows_at_a_time

Values = NDArray[np.float64]

LEAST = 1e-6


@dataclass(frozen=True, eq=False)
class GeneComponents:
    """Principal components of standardised genes.

    Parameters
    ----------
    mean
        Of each gene, shape ``(n_genes,)``.
    loadings
        Axes, divided by the standard deviation of each gene, shape ``(n_genes, n_components)``.
    """

    mean: Values
    loadings: Values

    def of(self, genes: ReadGenes, rows: NDArray[np.intp]) -> Values:
        """Components of cells, by their row numbers, shape ``(n_rows, n_components)``."""
        size = rows_at_a_time(len(self.mean))
        blocks = [
            np.asarray(genes(rows[begin : begin + size]) @ self.loadings)
            for begin in range(0, len(rows), size)
        ]
        found = np.concatenate([np.empty((0, self.loadings.shape[1])), *blocks])
        return np.asarray(found - self.mean @ self.loadings)


def fit_gene_components(genes: Any, n_components: int) -> GeneComponents:
    """Find the axes.

    Parameters
    ----------
    genes
        Of cells, shape ``(n_cells, n_genes)``, dense or sparse.
    n_components
        How many, at most.

    Returns
    -------
    The components. Genes that do not vary do not count.
    """
    values = dense(genes)
    mean, deviation = (values.mean(axis=0, dtype=float), values.std(axis=0, dtype=float))
    scale = np.where(deviation > LEAST, 1.0 / np.maximum(deviation, LEAST), 0.0)
    axes, _ = principal_axes((values - mean) * scale, n_components)
    return GeneComponents(mean, np.asarray(scale[:, None] * axes, dtype=np.float64))
