"""What a posterior is made of, checked; which cells are chosen, and what is at its positions."""

from typing import Any

import numpy as np
import pandas as pd
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


def at_positions(
    given: ArrayLike,
    dtype: Any,
    reference_rows: NDArray[np.intp],
    reference_cells: pd.Index | None,
) -> NDArray[Any]:
    """Give the values of positions, from one for each of them or for each cell of the reference.

    Parameters
    ----------
    given
        Shape ``(n_positions, …)``, or of all cells of the reference; a column of ``obs`` is checked
        by its names.
    dtype
        Of the values.
    reference_rows
        Row number of the cell at each position, shape ``(n_positions,)``.
    reference_cells
        Names of all cells of the reference, if they are known.

    Raises
    ------
    ValueError
        If it is a single value, such as a key of ``obs``, of another number of cells, or of cells
        in another order.
    """
    if np.ndim(given) == 0:
        message = (
            f"{given!r} is a single value: give one for each cell of the reference, such as "
            "reference.obs['layer']."
        )
        raise ValueError(message)
    values = np.asarray(given, dtype=dtype)
    n_cells = None if reference_cells is None else len(reference_cells)
    names = given.index if isinstance(given, pd.Series | pd.DataFrame) else None
    if names is not None and reference_cells is not None and len(values) == n_cells:
        _check_order(names, reference_cells)
        if names.equals(reference_cells):
            return np.asarray(values[reference_rows])
    if len(values) == len(reference_rows):
        return values
    if len(values) == n_cells or (n_cells is None and len(values) > reference_rows.max()):
        return np.asarray(values[reference_rows])
    message = (
        f"There are {len(values)} values, but {len(reference_rows)} positions"
        f"{'' if n_cells is None else f' and {n_cells} cells of the reference'}: give one for each "
        "position, or for each cell of the reference."
    )
    raise ValueError(message)


def _check_order(names: pd.Index, cells: pd.Index) -> None:
    moved = np.flatnonzero((names != cells) & names.isin(cells))
    if len(moved):
        row = moved[0]
        message = (
            f"The values are of cells in another order: row {row} is of {names[row]!r}, in the "
            f"reference of {cells[row]!r}. Give those of the reference that the model was made "
            "with."
        )
        raise ValueError(message)


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
