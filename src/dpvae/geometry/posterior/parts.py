"""What a posterior is made of, checked; which cells are chosen, and which positions are near."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix, issparse
from scipy.spatial import cKDTree

from dpvae.geometry.coordinates import check_coordinate_rows, known_rows

ROUNDING = 1e-3


def check_parts(
    positions: NDArray[np.float64],
    probabilities: csr_matrix,
    reference_rows: NDArray[np.intp],
    unlikeness: NDArray[np.float64],
    position_errors: NDArray[np.float64] | None,
) -> None:
    """Raise if these are no probabilities of positions.

    Parameters
    ----------
    positions
        Shape ``(n_positions, n_dims)``.
    probabilities
        Shape ``(n_cells, n_positions)``.
    reference_rows
        Shape ``(n_positions,)``.
    unlikeness
        Shape ``(n_cells,)``.
    position_errors
        Shape ``(n_positions,)``, if there are any.

    Raises
    ------
    TypeError
        If probabilities are not a sparse matrix.
    ValueError
        If shapes do not go together, or a row is no probabilities of sum 1.
    """
    if not issparse(probabilities):
        message = (
            f"probabilities is a {type(probabilities).__name__}: give scipy.sparse.csr_matrix(…)."
        )
        raise TypeError(message)
    n_cells, n_positions = probabilities.shape
    lengths = (len(positions), len(reference_rows), len(unlikeness))
    if lengths != (n_positions, n_positions, n_cells):
        message = (
            f"probabilities has the shape {probabilities.shape}, but there are {lengths[0]} "
            f"positions, {lengths[1]} reference_rows and {lengths[2]} numbers of unlikeness."
        )
        raise ValueError(message)
    if position_errors is not None and len(position_errors) != n_positions:
        message = f"There are {n_positions} positions, but {len(position_errors)} position_errors."
        raise ValueError(message)
    total = np.asarray(probabilities.sum(axis=1), dtype=np.float64).ravel()
    is_one = np.abs(total - 1.0) <= ROUNDING
    if not is_one.all() or probabilities.data.min(initial=0.0) < 0.0:
        message = (
            f"{int((~is_one).sum())} of {n_cells} rows of probabilities have another sum than 1, "
            f"and {int((probabilities.data < 0.0).sum())} numbers are below 0."
        )
        raise ValueError(message)


def row_numbers(cells: ArrayLike, n_cells: int) -> NDArray[np.intp]:
    """Give the numbers of some cells, from a mask or from numbers; −1 is the last cell.

    Parameters
    ----------
    cells
        Mask of shape ``(n_cells,)``, or whole numbers.
    n_cells
        How many there are.

    Raises
    ------
    ValueError
        If it is neither, or there are no such cells.
    """
    chosen = np.ravel(cells)
    if chosen.dtype == bool and len(chosen) == n_cells:
        return np.flatnonzero(chosen)
    is_whole = np.issubdtype(chosen.dtype, np.integer)
    if len(chosen) and not (is_whole and -n_cells <= chosen.min() <= chosen.max() < n_cells):
        message = (
            f"cells is {cells!r}: give row numbers below {n_cells}, or a boolean mask of shape "
            f"({n_cells},)."
        )
        raise ValueError(message)
    return np.asarray(chosen, dtype=np.intp)


def nearest_positions(
    places: ArrayLike, positions: NDArray[np.float64], n_cells: int
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Give the number of the position that is nearest to each place, and whether it is known.

    Raises
    ------
    ValueError
        If there is not one place, of as many dimensions, for each cell.
    """
    true = check_coordinate_rows(places, name="places")
    if true.shape != (n_cells, positions.shape[1]):
        message = (
            f"places has the shape {true.shape}, but the posterior is of {n_cells} cells in "
            f"{positions.shape[1]} dimensions."
        )
        raise ValueError(message)
    known = known_rows(true)
    near = np.zeros(len(true), dtype=np.intp)
    near[known] = cKDTree(positions).query(true[known])[1]
    return near, known
