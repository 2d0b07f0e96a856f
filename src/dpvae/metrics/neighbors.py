"""The nearest cells of each cell, and the share of them that two sets of places have in common."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.neighbors import NearestNeighbors

from dpvae.metrics.paired import Points, check_has_shape, paired_rows

TIE = 1e-9


@dataclass(frozen=True, eq=False)
class Neighbors:
    """The k nearest other cells of each cell.

    Attributes
    ----------
    points
        Places of the cells, shape ``(n_cells, n_dims)``.
    indices
        Row numbers of the neighbours, the nearest first, shape ``(n_cells, k)``. A cell is never
        its own neighbour, even if cells coincide.
    reach
        Distance to the k-th neighbour, shape ``(n_cells,)``.
    """

    points: Points
    indices: NDArray[np.intp]
    reach: NDArray[np.float64]

    @classmethod
    def of(cls, points: Points, n_neighbors: int) -> Self:
        """Search the neighbours of points, shape ``(n_cells, n_dims)``."""
        distances, indices = NearestNeighbors(n_neighbors=n_neighbors).fit(points).kneighbors()
        return cls(points, indices, distances[:, -1])

    def share_of(self, candidates: NDArray[np.intp]) -> float:
        """Share of candidates, some row numbers for each cell, that are at most ``reach`` away."""
        squared = np.zeros(candidates.shape)
        for column in self.points.T:
            squared += (column[candidates] - column[:, None]) ** 2
        return float((np.sqrt(squared) <= self.reach[:, None] * (1.0 + TIE)).mean())


def neighbor_overlap(true: ArrayLike, recovered: ArrayLike, *, n_neighbors: int = 15) -> float:
    """Mean share of the recovered nearest neighbours that are true nearest neighbours.

    A recovered neighbour counts if it is truly no farther than the k-th true neighbour, so that
    ties, as on a grid of spots, count in favour. Without ties this is the share that both
    sets have in common, the neighbourhood preservation of Venna & Kaski 2001. A cell is never its
    own neighbour, even if cells coincide.

    Parameters
    ----------
    true
        Shape ``(n_cells, n_dims)``, in any unit.
    recovered
        Shape ``(n_cells, n_dims)``, in any unit. Rows with NaN in either are dropped.
    n_neighbors
        k, at most n − 1. By default 15.

    Returns
    -------
    From 0 to 1. Shuffled cells score k / (n − 1) in expectation, without ties.

    Raises
    ------
    ValueError
        If the shapes differ, fewer than three cells are known in both, all places are the same in
        one of them, or k is below 1.

    Notes
    -----
    Time O(n_cells k log n_cells), memory O(n_cells (k + n_dims)).

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
    check_has_shape(first, name="true")
    check_has_shape(second, name="recovered")
    if n_neighbors < 1:
        message = f"n_neighbors is {n_neighbors}; pass at least 1."
        raise ValueError(message)
    k = min(n_neighbors, len(first) - 1)
    return Neighbors.of(first, k).share_of(Neighbors.of(second, k).indices)
