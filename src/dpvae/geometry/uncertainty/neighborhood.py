"""How cells of known place lie around others in the latent space."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

Points = NDArray[np.float64]

N_NEAREST = 5
N_NEAR = 50
MOST_CELLS = 20_000
MOST_USUAL = 1_000
BLOCK = 8_192


@dataclass(frozen=True, eq=False)
class Neighborhood:
    """How the cells of known place lie that are nearest to some cells in the latent space.

    Both are relative to the median of the cells of known place themselves, so that they compare
    between latent spaces.

    Attributes
    ----------
    distance
        Mean latent distance of each cell to the 5 nearest, shape ``(n_cells,)``.
    covariance
        Covariance of the places of the 50 nearest, shape ``(n_cells, n_dims, n_dims)``: how far
        apart cells are that look alike. Relative: 1 is the median of its mean over the axes.
    """

    distance: Points
    covariance: Points

    def of(self, cells: NDArray[np.bool_] | NDArray[np.intp]) -> "Neighborhood":
        """Take some of the cells."""
        return Neighborhood(self.distance[cells], self.covariance[cells])


def neighborhood(latent: Points, layout_latent: Points, layout_coordinates: Points) -> Neighborhood:
    """Find the neighbourhood of cells among the cells of known place.

    Parameters
    ----------
    latent
        z of the cells, shape ``(n_cells, n_latent)``.
    layout_latent
        z of the cells of known place, shape ``(n_known, n_latent)``, in the same unit; at least
        two. More than 20,000 are
        subsampled, always the same ones.
    layout_coordinates
        Their places, shape ``(n_known, n_dims)``.

    Returns
    -------
    The neighbourhood. With fewer than 50 cells of known place all count. Time O(n_cells log
    n_known), memory O(n_known n_latent + n_cells n_dims²).
    """
    known, places = layout_latent, layout_coordinates
    rng = np.random.default_rng(0)
    if len(known) > MOST_CELLS:
        chosen = rng.choice(len(known), MOST_CELLS, replace=False)
        known, places = known[chosen], places[chosen]
    tree = cKDTree(known)
    themselves = known[rng.permutation(len(known))[:MOST_USUAL]]
    usual = _among(tree, places, themselves, first=2)
    usual_distance = float(np.median(usual.distance))
    usual_variance = float(np.median(np.trace(usual.covariance, axis1=1, axis2=2)))
    found = _among(tree, places, latent, first=1)
    return Neighborhood(
        found.distance / (usual_distance or 1.0),
        found.covariance * places.shape[1] / (usual_variance or 1.0),
    )


def _among(tree: cKDTree, places: Points, latent: Points, *, first: int) -> Neighborhood:
    """Neighbourhood as it is, from the ``first`` nearest cell on."""
    ranks = np.arange(first, min(N_NEAR + first - 1, len(places)) + 1)
    distance = np.empty(len(latent))
    covariance = np.empty((len(latent), places.shape[1], places.shape[1]))
    for begin in range(0, len(latent), BLOCK):
        block = slice(begin, begin + BLOCK)
        far, nearest = tree.query(latent[block], k=ranks)
        distance[block] = far[:, :N_NEAREST].mean(axis=1)
        near = places[nearest]
        near = near - near.mean(axis=1, keepdims=True)
        covariance[block] = np.einsum("nki,nkj->nij", near, near) / len(ranks)
    return Neighborhood(distance, covariance)
