"""How large a disc around a cell's place is that holds a share of its probability."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from dpvae.geometry.posterior.smallest_sets import ROUNDING

Points = NDArray[np.float64]


def radius(
    probabilities: csr_matrix, positions: Points, places: Points, level: float, errors: Points
) -> Points:
    """Radius of the disc around a place of each cell that holds a share of its probability.

    Parameters
    ----------
    probabilities
        Of positions, shape ``(n_cells, n_positions)``, rows of sum 1.
    positions
        Shape ``(n_positions, n_dims)``.
    places
        In the middle of each cell's disc, shape ``(n_cells, n_dims)``.
    level
        The share.
    errors
        Expected distance of each position from where it is said to be, shape ``(n_positions,)``. It
        counts as a step at a right angle: the distance is the root of the sum of both squares.

    Returns
    -------
    Shape ``(n_cells,)``. Time O(n log n) for n probabilities.
    """
    found = np.empty(len(places))
    for cell, place in enumerate(places):
        mine = slice(probabilities.indptr[cell], probabilities.indptr[cell + 1])
        at = probabilities.indices[mine]
        distance = np.hypot(np.linalg.norm(positions[at] - place, axis=1), errors[at])
        outwards = np.argsort(distance)
        held = np.cumsum(probabilities.data[mine][outwards].astype(np.float64))
        last = np.searchsorted(held, level - ROUNDING)
        found[cell] = distance[outwards][min(last, len(distance) - 1)]
    return found
