from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

N_NEAREST = 5
N_NEAR = 50
MOST_CELLS = 20_000
BLOCK = 8_192


@dataclass(frozen=True, eq=False)
class Surroundings:
    """How the cells of known place lie that are nearest to some cells in the latent space.

    Attributes
    ----------
    distance
        Mean distance of each cell to the 5 nearest, in the latent space, shape (n,).
    covariance
        Covariance of the places of the 50 nearest, shape (n, p, p), in squared units of the
        coordinates: how far apart cells are that look alike.
    """

    distance: Points
    covariance: Points

    def of(self, cells: NDArray[np.bool_] | NDArray[np.intp]) -> "Surroundings":
        """Those of some of the cells."""
        return Surroundings(self.distance[cells], self.covariance[cells])


def surroundings(latent: Points, layout_latent: Points, layout_coordinates: Points) -> Surroundings:
    """Find the surroundings of cells among those of known place.

    Parameters
    ----------
    latent
        z of the cells, shape (n, d).
    layout_latent
        z of the cells of known place, shape (m, d), in the same unit. Of more than 20,000 so many
        random ones are used.
    layout_coordinates
        Their places, shape (m, p).

    Returns
    -------
    The surroundings. With fewer than 50 cells of known place all count. Time O(n log m), memory
    O(m d + n p²).
    """
    from scipy.spatial import cKDTree

    known, places = layout_latent, layout_coordinates
    if len(known) > MOST_CELLS:
        chosen = np.random.default_rng(0).choice(len(known), MOST_CELLS, replace=False)
        known, places = known[chosen], places[chosen]
    tree = cKDTree(known)
    counts = np.arange(1, min(N_NEAR, len(known)) + 1)
    distance = np.empty(len(latent))
    covariance = np.empty((len(latent), places.shape[1], places.shape[1]))
    for begin in range(0, len(latent), BLOCK):
        block = slice(begin, begin + BLOCK)
        far, nearest = tree.query(latent[block], k=counts)
        distance[block] = far[:, :N_NEAREST].mean(axis=1)
        near = places[nearest]
        near = near - near.mean(axis=1, keepdims=True)
        covariance[block] = np.einsum("nki,nkj->nij", near, near) / len(counts)
    return Surroundings(distance, covariance)
