"""The dissociated cells of a reference, from which genes of the tissue are imputed."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack
from sklearn.neighbors import NearestNeighbors

from dpvae._data.some_rows import at_most

Rows = NDArray[np.intp]
Values = NDArray[np.float32]

MOST_CELLS = 20_000
N_NEAREST = 50
ROWS_AT_A_TIME = 4_096


@dataclass(frozen=True, eq=False)
class Dissociated:
    """Cells of one technology without places, in a latent space.

    Parameters
    ----------
    code
        Of the technology.
    latent
        z given expression, shape ``(n_cells, n_latent)``.
    known
        Genes by which the tissue is compared with them, each cell of one length, shape
        ``(n_cells, n_known)``.
    genes
        Standardised logarithms of chosen genes, shape ``(n_cells, n_genes)``: sparse, less what
        ``zero`` says.
    zero
        Standardised logarithm of no expression, shape ``(n_genes,)``.
    """

    code: int
    latent: Values
    known: Values
    genes: csr_matrix
    zero: Values

    def neighbors(self, latent: Values, *, own: bool = False) -> csr_matrix:
        """Weights of the 50 cells that are nearest in the latent space.

        Parameters
        ----------
        latent
            z of other cells, shape ``(n_others, n_latent)``.
        own
            Whether these are the cells themselves: each is then none of its own neighbours.

        Returns
        -------
        Shape ``(n_others, n_cells)``, rows of sum 1.
        """
        n_nearest = min(N_NEAREST, len(self.latent) - own)
        search = NearestNeighbors(n_neighbors=n_nearest).fit(self.latent)
        rows = search.kneighbors(None if own else latent, return_distance=False)
        weight = np.full(rows.size, 1.0 / n_nearest, dtype=np.float32)
        starts = np.arange(0, rows.size + 1, n_nearest)
        shape = (len(latent), len(self.latent))
        return csr_matrix((weight, rows.ravel(), starts), shape=shape)

    def mean_and_spread(self, weights: csr_matrix) -> tuple[Values, Values]:
        """Weighted mean and standard deviation of genes, shape ``(n_others, n_genes)`` each."""
        mean = np.asarray((weights @ self.genes).toarray(), dtype=np.float32)
        square = np.asarray((weights @ self.genes.multiply(self.genes)).toarray())
        spread = np.sqrt(np.maximum(square - mean**2, 0.0))
        return mean + self.zero, np.asarray(spread, dtype=np.float32)

    def latent_correlation(self) -> NDArray[np.float64]:
        """How well the latent neighbours of each cell tell its genes, shape ``(n_genes,)``.

        The correlation over cells of a gene with the mean of the cell's neighbours; NaN for a gene
        that does not vary.
        """
        mean, _ = self.mean_and_spread(self.neighbors(self.latent, own=True))
        return correlations(mean, self.genes.toarray() + self.zero)


def dissociated_rows(rows: Rows) -> Rows:
    """Choose at most 20,000 cells, always the same ones."""
    return np.sort(at_most(rows, MOST_CELLS, np.random.default_rng(0)))


def chosen_genes(read: Callable[[Rows], csr_matrix], rows: Rows, genes: Rows) -> csr_matrix:
    """Read some genes of cells, a few thousand cells at a time.

    Parameters
    ----------
    read
        Logarithms of cells, given their numbers, shape ``(n_rows, n_genes)``.
    rows, genes
        Numbers of cells and of genes.
    """
    parts = [
        csr_matrix(csr_matrix(read(rows[begin : begin + ROWS_AT_A_TIME]))[:, genes])
        for begin in range(0, len(rows), ROWS_AT_A_TIME)
    ]
    return csr_matrix(vstack(parts), dtype=np.float32)


def correlations(found: NDArray[np.floating], true: NDArray[np.floating]) -> NDArray[np.float64]:
    """Pearson correlation of each column with the same column of another array.

    Parameters
    ----------
    found, true
        Shape ``(n_cells, n_genes)``.

    Returns
    -------
    Shape ``(n_genes,)``, NaN for a column that is constant in ``true``, 0 in ``found``.
    """
    one, other = (x - x.mean(axis=0, dtype=np.float64) for x in (found, true))
    lengths = [np.sqrt((x**2).sum(axis=0)) for x in (one, other)]
    product = lengths[0] * lengths[1]
    result = np.divide(
        (one * other).sum(axis=0), product, out=np.zeros(len(product)), where=product > 0
    )
    return np.where(lengths[1] > 0, result, np.nan)
