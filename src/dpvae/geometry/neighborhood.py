"""Who is near whom in the tissue, as weights of a mean."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix, identity

from dpvae.geometry.coordinates import known_rows


def neighborhood_weights(
    coordinates: NDArray[np.float64], section: ArrayLike, n_neighbors: int
) -> csr_matrix:
    """Equal weights of each cell and its nearest neighbours in the same section.

    Which of several equally distant cells count does not depend on the order of the cells.

    Parameters
    ----------
    coordinates
        Shape ``(n_cells, n_dims)``, checked. Rows of NaN are unknown places.
    section
        Name or number of each cell's section, shape ``(n_cells,)``.
    n_neighbors
        Neighbours of each cell; fewer if the section has fewer cells of known place.

    Returns
    -------
    CSR of shape ``(n_cells, n_cells)`` whose rows sum to 1. A cell of unknown place has weight 1
    itself, and none in other rows.
    """
    from sklearn.neighbors import NearestNeighbors

    names = np.asarray(section)
    known = known_rows(coordinates)
    rows, columns = [], []
    for name in np.unique(names[known]):
        cells = np.flatnonzero(known & (names == name))
        n_nearest = min(n_neighbors, len(cells) - 1)
        if n_nearest > 0:
            cells = cells[np.lexsort(coordinates[cells].T)]
            search = NearestNeighbors(n_neighbors=n_nearest).fit(coordinates[cells])
            nearest = search.kneighbors(return_distance=False)
            rows.append(np.repeat(cells, n_nearest))
            columns.append(cells[nearest].ravel())
    size = len(names)
    weights = identity(size, format="csr")
    if rows:
        row, column = np.concatenate(rows), np.concatenate(columns)
        weights = weights + csr_matrix((np.ones(len(row)), (row, column)), shape=(size, size))
    n_members = np.diff(weights.indptr)
    weights.data = weights.data / np.repeat(n_members, n_members)
    return csr_matrix(weights)
