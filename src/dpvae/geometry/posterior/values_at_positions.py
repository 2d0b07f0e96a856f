"""What is known at the positions of a posterior, and what of it is expected for cells."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix

from dpvae._data.names import codes_of

Points = NDArray[np.float64]

UNLABELED = "unlabeled"


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


def mean_and_deviation(probabilities: csr_matrix, values: Points) -> tuple[Points, Points]:
    """Mean and standard deviation, for each cell, of what is known at positions.

    Parameters
    ----------
    probabilities
        Shape ``(n_cells, n_positions)``, rows of sum 1.
    values
        Shape ``(n_positions,)`` or ``(n_positions, n_values)``.

    Raises
    ------
    ValueError
        If some are NaN or infinite.
    """
    if not np.isfinite(values).all():
        message = "values has NaN or infinite numbers at some positions: fill them in."
        raise ValueError(message)
    center = values.mean(axis=0)
    mean = np.asarray(probabilities @ (values - center))
    square = np.asarray(probabilities @ (values - center) ** 2)
    return mean + center, np.sqrt(np.maximum(square - mean**2, 0.0))


def label_shares(probabilities: csr_matrix, labels: NDArray[Any]) -> tuple[Points, list[str]]:
    """Add up the probability of positions of the same label, for each cell.

    Parameters
    ----------
    probabilities
        Shape ``(n_cells, n_positions)``, rows of sum 1.
    labels
        Shape ``(n_positions,)``; missing ones are called ``"unlabeled"``.

    Returns
    -------
    Shape ``(n_cells, n_labels)``, and the names of the labels.
    """
    codes, names = codes_of(pd.Series(labels))
    columns = [str(name) for name in names]
    if (codes < 0).any():
        columns += [UNLABELED] * (UNLABELED not in columns)
        codes[codes < 0] = columns.index(UNLABELED)
    shape = (len(codes), len(columns))
    member = csr_matrix((np.ones(len(codes)), (np.arange(len(codes)), codes)), shape=shape)
    return np.asarray((probabilities @ member).toarray()), columns
