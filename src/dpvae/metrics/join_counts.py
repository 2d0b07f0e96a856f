"""Which labels are neighbours more often than by chance."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class JoinCounts:
    """How often cells of one label are neighbours of cells of another.

    Attributes
    ----------
    count
        Sum of the weights of edges from label i to label j, shape ``(n_labels, n_labels)``.
    expected
        Its mean if labels were shuffled among the cells.
    z_score
        How many standard deviations of shuffled labels it is above that mean; NaN if the deviation
        is 0.
    """

    count: Values
    expected: Values
    z_score: Values


def join_counts(graph: csr_matrix, codes: NDArray[np.intp], n_labels: int) -> JoinCounts:
    """Count edges between labels, and compare with labels that are shuffled among the cells.

    Mean and variance are exact, over all orders of the labels :cite:p:`Moran50`: the limit of the
    z-scores of squidpy's ``gr.nhood_enrichment`` for many permutations.

    Parameters
    ----------
    graph
        Weight of the edge from each cell to each other, shape ``(n_cells, n_cells)``, without
        edges of a cell to itself; at least four cells.
    codes
        Label of each cell, from 0 on, shape ``(n_cells,)``.
    n_labels
        Number of labels.

    Returns
    -------
    The counts. Time and memory O(n_edges + n_cells n_labels).

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.sparse import csr_matrix
    >>> from dpvae.metrics.join_counts import join_counts
    >>> ring = np.roll(np.eye(6), 1, axis=1)
    >>> found = join_counts(csr_matrix(ring), np.array([0, 0, 0, 1, 1, 1]), 2)
    >>> found.count.astype(int).tolist()
    [[2, 1], [1, 2]]
    >>> found.z_score.round(2).tolist()
    [[1.33, -1.33], [-1.33, 1.33]]
    """
    n_cells = len(codes)
    member = csr_matrix((np.ones(n_cells), (np.arange(n_cells), codes)), shape=(n_cells, n_labels))
    count = np.asarray((member.T @ graph @ member).toarray())
    size = np.bincount(codes, minlength=n_labels).astype(np.float64)
    total = float(graph.sum())
    two = _drawn(size, n_cells, 1, 1)
    variance = _mean_square(graph, size, n_cells) - (total * two) ** 2
    deviation = np.sqrt(np.maximum(variance, 0.0))
    is_fixed = deviation <= 1e-9 * np.maximum(total, 1.0)
    z_score = np.where(is_fixed, np.nan, (count - total * two) / np.where(is_fixed, 1.0, deviation))
    return JoinCounts(count, total * two, z_score)


def _mean_square(graph: csr_matrix, size: Values, n_cells: int) -> Values:
    """Mean over all orders of the squared count: pairs of edges by the cells that they share."""
    out, into = (np.asarray(graph.sum(axis=axis)).ravel() for axis in (1, 0))
    same = float(graph.multiply(graph).sum())
    back = float(graph.multiply(graph.T).sum())
    from_one = float((out**2).sum()) - same
    to_one = float((into**2).sum()) - same
    through = 2.0 * (float((out * into).sum()) - back)
    apart = float(graph.sum()) ** 2 - same - back - from_one - to_one - through
    alike = np.eye(len(size))
    return np.asarray(
        (same + alike * back) * _drawn(size, n_cells, 1, 1)
        + from_one * _drawn(size, n_cells, 1, 2)
        + to_one * _drawn(size, n_cells, 2, 1)
        + through * alike * _drawn(size, n_cells, 2, 1)
        + apart * _drawn(size, n_cells, 2, 2)
    )


def _drawn(size: Values, n_cells: int, n_first: int, n_second: int) -> Values:
    """Probability that some drawn cells have label i and some others label j, for all i and j."""
    n_drawn = n_first + n_second
    first, second = (
        np.prod([size - step for step in range(number)], axis=0) for number in (n_first, n_second)
    )
    ways = first[:, None] * second[None, :]
    np.fill_diagonal(ways, np.prod([size - step for step in range(n_drawn)], axis=0))
    return np.asarray(ways / np.prod([float(n_cells - step) for step in range(n_drawn)]))
