"""Mean place of the nearest cells."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

Points = NDArray[np.float64]
Rows = NDArray[np.int64]

COUNTS = (5, 10, 20, 40)
EXACT_SEARCH = 10_000
SLACK = 1.0
BLOCK = 50_000


@dataclass(frozen=True, eq=False)
class Neighbors:
    """Mean place of the nearest cells in the latent space.

    Attributes
    ----------
    latent
        z of the cells of known place, shape ``(n_cells, n_latent)``.
    places
        Their places, shape ``(n_cells, n_dims)``.
    n_neighbors
        Of how many the mean is taken.
    left_out
        Mean place of the other cells nearest to some of these cells, shape
        ``(n_left_out, n_dims)``.
    """

    latent: Points
    places: Points
    n_neighbors: int
    left_out: Points

    def predict(self, latent: Points) -> Points:
        """Places of other cells.

        Parameters
        ----------
        latent
            z, shape ``(n_new, n_latent)``.

        Returns
        -------
        Shape ``(n_new, n_dims)``. Time about O(n_new log n_cells), memory O(n_new n_dims).
        """
        tree = cKDTree(self.latent)
        predicted = np.empty((len(latent), self.places.shape[1]))
        for begin in range(0, len(latent), BLOCK):
            near = nearest(tree, latent[begin : begin + BLOCK], self.n_neighbors)
            predicted[begin : begin + BLOCK] = self.places[near].mean(axis=1)
        return predicted


def fit_neighbors(latent: Points, places: Points, left_out: Rows) -> Neighbors:
    """Choose 5, 10, 20 or 40 neighbours, whichever err least on cells that are left out.

    Parameters
    ----------
    latent
        z of cells of known place, shape ``(n_cells, n_latent)``.
    places
        Their places, shape ``(n_cells, n_dims)``.
    left_out
        Row numbers of the cells that the others are to predict, shape ``(n_left_out,)``.

    Returns
    -------
    The regression. Among more than 10,000 cells the search is approximate, the k-th cell found
    being at most twice as far as the k-th nearest, and uses all cores. Time about
    O(n_left_out log n_cells), memory O(n_cells n_latent).
    """
    counts = [k for k in COUNTS if k < len(latent)] or [len(latent) - 1]
    found = nearest(cKDTree(latent), latent[left_out], max(counts) + 1)
    nearby = _without_self(found, left_out)
    means = {k: places[nearby[:, :k]].mean(axis=1) for k in counts}
    best = min(counts, key=lambda k: float(((means[k] - places[left_out]) ** 2).sum()))
    return Neighbors(latent, places, best, means[best])


def nearest(tree: cKDTree, points: Points, n_neighbors: int) -> Rows:
    """Row numbers of the nearest points of a tree, shape ``(n_points, n_neighbors)``."""
    is_large = tree.n > EXACT_SEARCH
    search = partial(tree.query, eps=SLACK if is_large else 0.0, workers=-1 if is_large else 1)
    return np.asarray(search(points, k=range(1, n_neighbors + 1))[1])


def _without_self(found: Rows, cells: Rows) -> Rows:
    """Drop every cell from its own row of neighbours, or the last of them if it is not there."""
    others = found != cells[:, None]
    others[others.all(axis=1), -1] = False
    return np.asarray(found[others].reshape(len(found), found.shape[1] - 1))
