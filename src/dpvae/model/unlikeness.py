"""How much of a query lies where the reference has no cells."""

import warnings

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from dpvae._section import at_most
from dpvae.model.gene_regression import GeneRegression, ReadGenes, components_of

FEWEST_CELLS = 50
MOST_CELLS = 1_000
QUANTILE = 0.99
WORTH_A_WARNING = 0.1
STANDARDIZE = (
    " If the query is another technology's picture of the same tissue, "
    "DPVAE(reference, standardize='section') takes such differences out."
)

Points = NDArray[np.float64]


def unlike_share(reference: Points, query: Points) -> float:
    """Share of a query's cells that are farther from the reference than its own cells are.

    Parameters
    ----------
    reference
        Components of the genes of the reference's cells, shape ``(n_reference, n_components)``.
    query
        The same of the query's cells, shape ``(n_query, n_components)``.

    Returns
    -------
    Share of the query's cells whose nearest cell of the reference is farther than the nearest
    other cell is for 99 % of the reference's cells. About .01 or less where the query comes from
    the same tissue. Time O(n_reference² + n_query n_reference).
    """
    search = NearestNeighbors().fit(reference)
    own = search.kneighbors(n_neighbors=1)[0]
    far = np.quantile(own, QUANTILE)
    return float((search.kneighbors(query, n_neighbors=1)[0] > far).mean())


def warn_if_unlike(
    regression: GeneRegression, genes: ReadGenes, n_cells: int, *, is_standardized: bool
) -> None:
    """Warn where more than a tenth of a query is unlike the reference.

    Of more than 1,000 cells, random ones are used; with fewer than 50, on either side, there is no
    warning.

    Parameters
    ----------
    regression
        Knows the components of the reference's cells; those of weighted genes are used.
    genes
        Expression of the query's cells, by row number.
    n_cells
        Their number.
    is_standardized
        Whether genes are standardised section by section, which is else the advice.

    Warns
    -----
    UserWarning
        With the share; see :func:`unlike_share`.
    """
    rng = np.random.default_rng(0)
    known = np.vstack([kernel.components for kernel in regression.kernels.values()])
    if min(len(known), n_cells) < FEWEST_CELLS:
        return
    weighted = slice(known.shape[1] // 2, None)
    rows = at_most(np.arange(n_cells), MOST_CELLS, rng)
    query = components_of(genes(rows), regression.mean, regression.loadings)
    kept = at_most(np.arange(len(known)), 2 * MOST_CELLS, rng)
    share = unlike_share(known[kept][:, weighted], query[:, weighted])
    if share > WORTH_A_WARNING:
        message = (
            f"{share:.0%} of the query's cells are farther from every cell of the reference than "
            "99 % of the reference's cells are from one another; of cells of the same tissue 1 % "
            "would be. Their places may mean little. Check that both were prepared alike, such as "
            f"normalised to the same depth.{'' if is_standardized else STANDARDIZE}"
        )
        warnings.warn(message, UserWarning, stacklevel=4)
