"""How far cells are from places, on average over where they could be."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix
from scipy.spatial.distance import cdist

from dpvae.geometry.coordinates import check_coordinate_rows

Points = NDArray[np.float64]

MOST_AT_A_TIME = 512
MOST_NUMBERS = 4_000_000
DENSE = 0.08


def expected_distance(
    probabilities: csr_matrix, positions: Points, places: ArrayLike, errors: Points
) -> NDArray[np.float32]:
    """Mean distance of each cell from each place.

    Parameters
    ----------
    probabilities
        Of positions, shape ``(n_cells, n_positions)``, rows of sum 1.
    positions
        Shape ``(n_positions, n_dims)``.
    places
        Shape ``(n_places, n_dims)``.
    errors
        Expected distance of each position from where it is said to be, shape ``(n_positions,)``. It
        counts as a step at a right angle.

    Returns
    -------
    Shape ``(n_cells, n_places)``. Time O(n_places n_probabilities) for as many probabilities as are
    not 0; where more than 8 % are not, O(n_cells n_places n_positions) with a smaller constant.
    Memory O(n_cells n_places), 4 bytes each, and blocks of four million numbers.

    Raises
    ------
    ValueError
        If the places are malformed, or have another number of dimensions.
    """
    given = check_coordinate_rows(places, name="places")
    if given.shape[1] != positions.shape[1]:
        message = (
            f"The places have {given.shape[1]} dimensions, and the positions of the posterior "
            f"{positions.shape[1]}: both must be in the same frame."
        )
        raise ValueError(message)
    found = np.empty((probabilities.shape[0], len(given)), dtype=np.float32)
    size = int(np.clip(MOST_NUMBERS // len(positions), 1, MOST_AT_A_TIME))
    for begin in range(0, len(given), size):
        now = slice(begin, begin + size)
        distance = np.hypot(cdist(positions, given[now]), errors[:, None])
        for first in range(0, len(found), size):
            cells = slice(first, first + size)
            found[cells, now] = _either_way(probabilities[cells]) @ distance
    return found


def _either_way(part: csr_matrix) -> csr_matrix | Points:
    """Rows as an array, which is quicker to multiply, unless nearly all of them is 0."""
    is_dense = part.nnz > DENSE * part.shape[0] * part.shape[1]
    return np.asarray(part.toarray()) if is_dense else part
