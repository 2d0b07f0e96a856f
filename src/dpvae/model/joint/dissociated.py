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

    def spread(self, latent: Values) -> Values:
        """Tell how genes vary among the 50 cells that are nearest in the latent space.

        Parameters
        ----------
        latent
            z of other cells, shape ``(n_others, n_latent)``.

        Returns
        -------
        Standard deviations, shape ``(n_others, n_genes)``.
        """
        n_nearest = min(N_NEAREST, len(self.latent))
        search = NearestNeighbors(n_neighbors=n_nearest).fit(self.latent)
        squares = self.genes.multiply(self.genes)
        found = np.empty((len(latent), self.genes.shape[1]), dtype=np.float32)
        for begin in range(0, len(latent), ROWS_AT_A_TIME):
            some = slice(begin, begin + ROWS_AT_A_TIME)
            near = search.kneighbors_graph(latent[some]).astype(np.float32) / n_nearest
            mean, square = (np.asarray((near @ x).toarray()) for x in (self.genes, squares))
            found[some] = np.sqrt(np.maximum(square - mean**2, 0.0))
        return found


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
