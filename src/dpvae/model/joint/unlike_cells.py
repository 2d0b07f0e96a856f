"""Cells of a tissue that no dissociated cell is like."""

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

Values = NDArray[np.float32]

N_NEAREST = 5
USUAL = 0.95


def unlike_cells(latent: Values, others: Values) -> NDArray[np.bool_]:
    """Tell which cells are farther from others than 95 % of these are from each other.

    Parameters
    ----------
    latent
        z of the cells, shape ``(n_cells, n_latent)``.
    others
        z of the others, shape ``(n_others, n_latent)``.

    Returns
    -------
    Shape ``(n_cells,)``. Far is the distance of the fifth nearest.
    """
    n_nearest = min(N_NEAREST, len(others) - 1)
    search = NearestNeighbors(n_neighbors=n_nearest).fit(others)
    usual = np.quantile(search.kneighbors()[0][:, -1], USUAL)
    return np.asarray(search.kneighbors(latent)[0][:, -1] > usual)
