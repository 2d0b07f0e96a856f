"""Neighbours that were brought together or torn apart."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import cdist

from dpvae.metrics.neighbors import Neighbors
from dpvae.metrics.paired import Points, check_has_shape, paired_cells

LARGEST_BLOCK = 4_000_000


def trustworthiness(
    true: ArrayLike,
    other: ArrayLike,
    *,
    n_neighbors: int = 15,
    max_cells: int = 1000,
    seed: int = 0,
) -> float:
    """Measure whether cells that are neighbours in the recovered tissue are near in the true one.

    1 − 2/(n k (2n − 3k − 1)) Σ_i Σ_{j ∈ U_i} (r(i, j) − k), where U_i are the k nearest recovered
    neighbours of i and r their rank among the true neighbours, as far as it exceeds k (Venna &
    Kaski 2001), as :func:`sklearn.manifold.trustworthiness`, without its n × n matrix.

    Parameters
    ----------
    true
        Shape ``(n_cells, n_dims)``, in any unit.
    other
        Recovered coordinates or a latent representation, shape ``(n_cells, n_columns)``. Rows with
        NaN in either are dropped.
    n_neighbors
        k, below n/2. By default 15.
    max_cells
        The sum is over a random subset of this many cells i if there are more; their neighbours
        are found among all. By default 1,000.
    seed
        Seed of the subset. By default 0.

    Returns
    -------
    From 0 to 1, no intruders. Shuffled cells score 0.5 in expectation, for k far below n. Of
    neighbours that are equally far, as on a grid of spots, those count that come first: another
    order of the cells changes the third decimal.

    Raises
    ------
    ValueError
        If the rows do not match, all are the same in one of the two, or there are too few cells
        for k.

    Notes
    -----
    Time O(max_cells n_cells (n_dims + k)), memory O(n_cells (n_dims + n_columns)) and a block of 4
    million distances.

    Examples
    --------
    >>> from dpvae.metrics import trustworthiness
    >>> line = [[0, 0], [1, 0], [3, 0], [6, 0], [10, 0]]
    >>> trustworthiness(line, line, n_neighbors=2)
    1.0
    """
    places, values = paired_cells(true, other, at_least=3)
    check_has_shape(places, name="one of the two")
    check_has_shape(values, name="one of the two")
    n_cells = len(places)
    if not 1 <= n_neighbors < n_cells / 2:
        message = (
            f"n_neighbors is {n_neighbors}; pass at least 1 and below half of {n_cells} cells."
        )
        raise ValueError(message)
    intruders = Neighbors.of(values, n_neighbors).indices
    return share_without_intruders(places, intruders, max_cells=max_cells, seed=seed)


def continuity(
    true: ArrayLike,
    other: ArrayLike,
    *,
    n_neighbors: int = 15,
    max_cells: int = 1000,
    seed: int = 0,
) -> float:
    """Measure whether cells that are neighbours in the true tissue stay near in the recovered one.

    :func:`trustworthiness` with both sides exchanged (Venna & Kaski 2001): it counts neighbours
    that were torn apart; trustworthiness counts strangers that were brought together.

    Parameters
    ----------
    true, other, n_neighbors, max_cells, seed
        As in :func:`trustworthiness`.

    Returns
    -------
    From 0 to 1. Shuffled cells score 0.5 in expectation, for k far below n. Equally far neighbours
    count as in :func:`trustworthiness`.

    Raises
    ------
    ValueError
        As :func:`trustworthiness`.

    Examples
    --------
    >>> from dpvae.metrics import continuity
    >>> line = [[0, 0], [1, 0], [3, 0], [6, 0], [10, 0]]
    >>> continuity(line, [[0, 0], [1, 0], [3, 0], [6, 0], [-9, 0]], n_neighbors=2)
    0.6666666666666667
    """
    return trustworthiness(other, true, n_neighbors=n_neighbors, max_cells=max_cells, seed=seed)


def share_without_intruders(
    places: Points, neighbors: NDArray[np.intp], *, max_cells: int = 1000, seed: int = 0
) -> float:
    """Compute :func:`trustworthiness` of k neighbours of each cell, given by their rows."""
    n_cells, n_neighbors = neighbors.shape
    chosen = np.random.default_rng(seed).permutation(n_cells)[:max_cells]
    total = 0.0
    height = max(LARGEST_BLOCK // n_cells, 1)
    for begin in range(0, len(chosen), height):
        rows = chosen[begin : begin + height]
        distance = cdist(places[rows], places)
        distance[np.arange(len(rows)), rows] = np.inf
        for own, near in zip(distance, neighbors[rows], strict=True):
            rank = np.searchsorted(np.sort(own), own[near]) + 1
            total += float(np.maximum(rank - n_neighbors, 0).sum())
    largest = len(chosen) * n_neighbors * (2 * n_cells - 3 * n_neighbors - 1)
    return float(1.0 - 2.0 * total / largest)
