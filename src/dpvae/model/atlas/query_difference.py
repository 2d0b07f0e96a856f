"""How far a query's expression is from the reference's."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from dpvae._data.some_rows import at_most
from dpvae.model.atlas.gene_neighbors import dense
from dpvae.model.atlas.gene_regression import GeneRegression, ReadGenes, components_of

FEWEST_CELLS = 10
FEWEST_CELLS_OF_REFERENCE = 50
MOST_CELLS = 1_000
N_NEIGHBORS = 10
GENES_PER_COMPONENT = 3
QUANTILE = 0.99
DETECTED = 0.05

Points = NDArray[np.float64]


@dataclass(frozen=True)
class QueryDifference:
    """How unlike a reference the cells of a query are.

    Parameters
    ----------
    difference
        See :func:`matched_difference`: below .3 for the same tissue.
    correlation
        The second value of the same function: above .9 for the same tissue.
    share
        See :func:`unlike_share`: about .01 for the same tissue.
    n_silent
        Number of genes that 5 % or more of the reference's cells express and no cell of the query.
    """

    difference: float
    correlation: float
    share: float
    n_silent: int


def query_difference(
    regression: GeneRegression, genes: ReadGenes, n_cells: int
) -> QueryDifference | None:
    """Compare a query with the cells that a reference's regressions were fitted to.

    Parameters
    ----------
    regression
        Knows genes and components of these cells. Components of weighted genes are compared, one
        for every three genes at most, since as many components as genes match any query.
    genes
        Expression of the query's cells, by row number.
    n_cells
        Their number. Of more than 1,000, random ones are used.

    Returns
    -------
    The comparison, or ``None`` with fewer than 10 cells or 50 of the reference: they tell nothing.
    """
    rng = np.random.default_rng(0)
    sections = list(regression.sections.values())
    known = np.vstack([section.kernel.components for section in sections])
    if len(known) < FEWEST_CELLS_OF_REFERENCE or n_cells < FEWEST_CELLS:
        return None
    half, n_genes = known.shape[1] // 2, len(regression.mean)
    weighted = slice(half, half + max(min(half, n_genes // GENES_PER_COMPONENT), 1))
    kept = at_most(np.arange(len(known)), 2 * MOST_CELLS, rng)
    known = known[kept][:, weighted]
    expression = np.vstack([section.neighbors.genes for section in sections])[kept]
    query = dense(genes(at_most(np.arange(n_cells), MOST_CELLS, rng)))
    components = components_of(query, regression.mean, regression.loadings)[:, weighted]
    difference, correlation = matched_difference(
        known, expression, components, query, sections[0].neighbors.factor
    )
    silent = ((expression > 0).mean(axis=0) >= DETECTED) & (query == 0).all(axis=0)
    share = unlike_share(known, components)
    return QueryDifference(difference, correlation, share, int(silent.sum()))


def matched_difference(
    known: Points,
    expression: NDArray[np.float32],
    components: Points,
    query: NDArray[np.float32],
    factor: NDArray[np.floating],
) -> tuple[float, float]:
    """Difference between a query and the cells of the reference that are most like it.

    Every cell of the query is matched with its ten nearest of the reference, so that a query may be
    a part of the tissue, or one type of cell: only what no cell of the reference shows differs.

    Parameters
    ----------
    known
        Components of the reference's cells, shape ``(n_reference, n_components)``.
    expression
        Their genes, shape ``(n_reference, n_genes)``.
    components
        Components of the query's cells, shape ``(n_query, n_components)``.
    query
        Their genes, shape ``(n_query, n_genes)``.
    factor
        How much each gene counts, shape ``(n_genes,)``.

    Returns
    -------
    difference
        Mean difference of the genes between query and matched cells, root of the mean square over
        genes, in standard deviations of the reference; without what the noise of so few cells
        gives. 0 if there is none.
    correlation
        Correlation over genes of the query's mean with the matched cells' mean.
    """
    search = NearestNeighbors(n_neighbors=min(N_NEIGHBORS, len(known) - 1)).fit(known)
    own = search.kneighbors(return_distance=False)
    matched = search.kneighbors(components, return_distance=False)
    noise = (_mean_over(expression, own) - expression) * factor
    ours = query.mean(axis=0, dtype=float)
    theirs = expression[matched.ravel()].mean(axis=0, dtype=float)
    squared = float((((ours - theirs) * factor) ** 2).sum())
    by_chance = float((noise**2).sum()) / len(known) / len(query)
    variance = float(((expression.std(axis=0) * factor) ** 2).sum())
    difference = np.sqrt(max(squared - by_chance, 0.0) / variance) if variance > 0 else 0.0
    varies = np.ptp(ours) > 0 and np.ptp(theirs) > 0
    return float(difference), float(np.corrcoef(ours, theirs)[0, 1]) if varies else 0.0


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
    other cell is for 99 % of the reference's cells. About .01 or less if the query comes from
    the same tissue. Time O(n_reference² + n_query n_reference).
    """
    search = NearestNeighbors().fit(reference)
    own = search.kneighbors(n_neighbors=1)[0]
    far = np.quantile(own, QUANTILE)
    return float((search.kneighbors(query, n_neighbors=1)[0] > far).mean())


def _mean_over(expression: NDArray[np.float32], matched: NDArray[np.intp]) -> NDArray[np.float32]:
    """Mean of each cell's matched cells, shape ``(n_cells, n_genes)``, one match at a time."""
    total = np.zeros((len(matched), expression.shape[1]), dtype=np.float32)
    for rows in matched.T:
        total += expression[rows] / matched.shape[1]
    return total
