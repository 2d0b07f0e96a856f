"""Checks of what a posterior is made of, and of which cells are chosen."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix, issparse

ROUNDING = 1e-3


def check_parts(
    positions: NDArray[np.float64],
    probabilities: csr_matrix,
    reference_rows: NDArray[np.intp],
    unlikeness: NDArray[np.float64],
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
    total = np.asarray(probabilities.sum(axis=1), dtype=np.float64).ravel()
    is_one = np.abs(total - 1.0) <= ROUNDING
    if not is_one.all() or probabilities.data.min(initial=0.0) < 0.0:
        message = (
            f"{int((~is_one).sum())} of {n_cells} rows of probabilities have another sum than 1, "
            f"and {int((probabilities.data < 0.0).sum())} numbers are below 0."
        )
        raise ValueError(message)


def several_values(given: ArrayLike, dtype: Any) -> NDArray[Any]:
    """Give values as an array; raise if there is a single one, such as a key of ``obs``."""
    if np.ndim(given) == 0:
        message = (
            f"{given!r} is a single value: give one for each cell of the reference, such as "
            "reference.obs['layer']."
        )
        raise ValueError(message)
    return np.asarray(given, dtype=dtype)


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
    values: NDArray[np.generic], reference_rows: NDArray[np.intp]
) -> NDArray[np.generic]:
    """Give the values of positions, from one for each of them or for each cell of the reference.

    Raises
    ------
    ValueError
        If there is another number of values.
    """
    if len(values) == len(reference_rows):
        return values
    if len(values) > reference_rows.max():
        return np.asarray(values[reference_rows])
    message = (
        f"There are {len(values)} values, but {len(reference_rows)} positions: give one for each "
        "position, or for each cell of the reference."
    )
    raise ValueError(message)
