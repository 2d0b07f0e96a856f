"""How far cells are from places, on average over where they could be."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix
from scipy.spatial.distance import cdist

from dpvae.geometry.coordinates import check_coordinate_rows

Points = NDArray[np.float64]

PLACES_AT_A_TIME = 512


def expected_distance(
    probabilities: csr_matrix, positions: Points, places: ArrayLike
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

    Returns
    -------
    Shape ``(n_cells, n_places)``. Time O(n_places n_probabilities) for as many probabilities as are
    not 0, memory O(n_cells n_places), 4 bytes each.

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
    for begin in range(0, len(given), PLACES_AT_A_TIME):
        now = slice(begin, begin + PLACES_AT_A_TIME)
        found[:, now] = probabilities @ cdist(positions, given[now])
    return found
