import numpy as np
from numpy.typing import ArrayLike
from sklearn.neighbors import NearestNeighbors

from dpvae.metrics.paired import paired_rows

TIE = 1e-9


def neighbor_overlap(true: ArrayLike, recovered: ArrayLike, *, n_neighbors: int = 15) -> float:
    """Mean share of the recovered nearest neighbours that are true nearest neighbours.

    A recovered neighbour counts when its true distance is at most that of the k-th true neighbour,
    so that ties, as on a grid of spots, count in favour. Without ties this is the share that both
    sets have in common, the neighbourhood preservation of Venna & Kaski 2001. A cell is never its
    own neighbour, even where cells coincide.

    Parameters
    ----------
    true
        Shape (n, p), in any unit.
    recovered
        Shape (n, p), in any unit. Rows with NaN in either are dropped.
    n_neighbors
        k, at most n − 1. Default 15.

    Returns
    -------
    From 0 to 1. Shuffled cells score k / (n − 1) in expectation, without ties.

    Raises
    ------
    ValueError
        If the shapes differ, fewer than three cells are known in both, or k is below 1.

    Notes
    -----
    Time O(n k log n), memory O(n (k + p)).

    Examples
    --------
    >>> from dpvae.metrics import neighbor_overlap
    >>> line = [[0, 0], [1, 0], [3, 0], [6, 0]]
    >>> neighbor_overlap(line, line, n_neighbors=1)
    1.0
    >>> neighbor_overlap(line, [[0, 0], [1, 0], [9, 0], [8, 0]], n_neighbors=1)
    0.75
    """
    first, second = paired_rows(true, recovered, at_least=3)
    if n_neighbors < 1:
        message = f"n_neighbors is {n_neighbors}; pass at least 1."
        raise ValueError(message)
    k = min(n_neighbors, len(first) - 1)
    farthest = NearestNeighbors(n_neighbors=k).fit(first).kneighbors()[0][:, -1]
    candidates = NearestNeighbors(n_neighbors=k).fit(second).kneighbors(return_distance=False)
    squared = np.zeros(candidates.shape)
    for column in first.T:
        squared += (column[candidates] - column[:, None]) ** 2
    return float((np.sqrt(squared) <= farthest[:, None] * (1.0 + TIE)).mean())
