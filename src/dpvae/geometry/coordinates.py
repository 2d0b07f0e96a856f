"""Checks of coordinates, and which of them are known."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dpvae._data.counted import counted
from dpvae._data.numbers import floats_of

LARGEST = 1e100


def known_rows(coordinates: ArrayLike) -> NDArray[np.bool_]:
    """Cells whose place is known: the rows without NaN.

    Parameters
    ----------
    coordinates
        Shape ``(n_cells, n_dims)``, in any unit.

    Returns
    -------
    Mask of shape ``(n_cells,)``.

    Examples
    --------
    >>> from dpvae.geometry import known_rows
    >>> known_rows([[0.0, 1.0], [float("nan"), float("nan")]])
    array([ True, False])
    """
    return np.asarray(~np.isnan(floats_of(coordinates, "coordinates")).any(axis=1))


def check_coordinate_rows(
    coordinates: ArrayLike, *, name: str = "coordinates"
) -> NDArray[np.float64]:
    """Validate the form of coordinates, however few of them are known.

    Parameters
    ----------
    coordinates
        Shape ``(n_cells, 2)`` or ``(n_cells, 3)``, in any unit: an array, masked array, sparse
        matrix or data frame. A row of NaN, or of masked or missing values, is a cell whose place is
        unknown.
    name
        How messages call the array. By default ``"coordinates"``.

    Returns
    -------
    The same numbers as float64, rows of NaN kept, shape ``(n_cells, n_dims)``.

    Raises
    ------
    ValueError
        If the array is not ``(n_cells, 2)`` or ``(n_cells, 3)``, holds what is no number,
        infinities or numbers above 1e100, or has rows that are NaN in part.

    Examples
    --------
    >>> from dpvae.geometry import check_coordinate_rows
    >>> check_coordinate_rows([[0, 1]])
    array([[0., 1.]])
    """
    values = floats_of(coordinates, name)
    if values.ndim != 2 or values.shape[1] not in (2, 3):
        message = f"{name} has shape {values.shape}; it must be (cells, 2) or (cells, 3)."
        raise ValueError(message)
    n_infinite = int(np.isinf(values).any(axis=1).sum())
    if n_infinite:
        message = (
            f"{name} is infinite in {counted(n_infinite, 'row')}; set rows of unknown place to NaN."
        )
        raise ValueError(message)
    if np.nanmax(np.abs(values), initial=0.0) > LARGEST:
        message = f"{name} holds numbers above {LARGEST:g}: give it in another unit."
        raise ValueError(message)
    missing = np.isnan(values)
    n_partial = int((missing.any(axis=1) & ~missing.all(axis=1)).sum())
    if n_partial:
        message = (
            f"{name} has {counted(n_partial, 'row that is', 'rows that are')} NaN in part; "
            "make a row NaN as a whole if the place is unknown, or complete it."
        )
        raise ValueError(message)
    return values


def check_coordinates(coordinates: ArrayLike, *, name: str = "coordinates") -> NDArray[np.float64]:
    """Validate tissue coordinates from which distances will be learned.

    Parameters
    ----------
    coordinates
        Shape ``(n_cells, 2)`` or ``(n_cells, 3)``, in any unit. A row of NaN is a cell whose place
        is unknown.
    name
        How messages call the array, such as ``"obsm['spatial']"``. By default ``"coordinates"``.

    Returns
    -------
    The same numbers as float64, rows of NaN kept, shape ``(n_cells, n_dims)``.

    Raises
    ------
    ValueError
        If the array is not ``(n_cells, 2)`` or ``(n_cells, 3)``, holds infinities, has rows that
        are NaN in part, fewer than three known rows, or known rows that are all identical.

    Examples
    --------
    >>> from dpvae.geometry import check_coordinates
    >>> check_coordinates([[0, 0], [1, 0], [0, 2]]).dtype
    dtype('float64')
    """
    values = check_coordinate_rows(coordinates, name=name)
    known = values[known_rows(values)]
    if len(known) < 3:
        message = f"{name} is known for {len(known)} of {len(values)} cells; at least 3 are needed."
        raise ValueError(message)
    if (known == known[0]).all():
        message = (
            f"{name} is constant: all {len(known)} known rows are {known[0].tolist()}; "
            "pass the coordinates of the cells in the tissue."
        )
        raise ValueError(message)
    return values
