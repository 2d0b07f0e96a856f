"""What surrounds the cells of a tissue: components of the mean of their neighbours."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags

from dpvae._data.some_rows import at_most
from dpvae.geometry import known_rows
from dpvae.geometry.neighborhood import neighborhood_weights
from dpvae.geometry.regression.principal_axes import principal_axes

Read = Callable[[NDArray[np.intp]], NDArray[np.float32]]
Values = NDArray[np.float32]

N_NEIGHBORS = 10
MOST_CELLS_FOR_AXES = 5_000
ROWS_AT_A_TIME = 4_096


def neighborhood_axes(read: Read, rows: NDArray[np.intp], n_components: int) -> Values:
    """Find the axes along which cells of the tissue vary, scaled so that components have size 1.

    Parameters
    ----------
    read
        What the encoder sees of cells, given their numbers, shape ``(n_rows, n_shown)``.
    rows
        Numbers of the cells of the tissue.
    n_components
        How many axes.

    Returns
    -------
    Shape ``(n_shown, n_components)``; columns of zeros if fewer can be found.
    """
    some = read(np.sort(at_most(rows, MOST_CELLS_FOR_AXES, np.random.default_rng(0))))
    found, variances = principal_axes(some, n_components)
    axes = np.zeros((some.shape[1], n_components), dtype=np.float32)
    if len(variances):
        axes[:, : len(variances)] = found / np.sqrt(variances.mean() / N_NEIGHBORS)
    return axes


def neighborhoods(
    read: Read, places: NDArray[np.float64], section: NDArray[np.str_], axes: Values
) -> Values:
    """Describe the neighbourhood of each cell, the cell itself left out.

    Parameters
    ----------
    read
        What the encoder sees of cells, given their numbers, shape ``(n_rows, n_shown)``.
    places
        Shape ``(n_cells, n_dims)``; a row of NaN is a cell without a neighbourhood.
    section
        Name of each cell's section, shape ``(n_cells,)``.
    axes
        From :func:`neighborhood_axes`.

    Returns
    -------
    Components of the mean of the ten nearest cells of the section, shape
    ``(n_cells, n_components)``, NaN if there are none. Memory: these, and as many numbers again.
    """
    n_cells, n_components = len(places), axes.shape[1]
    components = np.zeros((n_cells, n_components), dtype=np.float32)
    rows = np.flatnonzero(known_rows(places))
    for begin in range(0, len(rows), ROWS_AT_A_TIME):
        block = rows[begin : begin + ROWS_AT_A_TIME]
        components[block] = read(block) @ axes
    weights = weights_of_others(neighborhood_weights(places, section, N_NEIGHBORS))
    found = np.asarray(weights @ components, dtype=np.float32)
    found[np.diff(weights.indptr) == 0] = np.nan
    return found


def weights_of_others(weights: csr_matrix) -> csr_matrix:
    """Leave each cell out of its own neighbourhood; rows sum to 1, or are empty."""
    others = csr_matrix(weights - diags(weights.diagonal()))
    others.eliminate_zeros()
    total = np.asarray(others.sum(axis=1)).ravel()
    scale = np.divide(1.0, total, out=np.zeros_like(total), where=total > 0)
    return csr_matrix(diags(scale) @ others)
