"""Numbers as plain arrays, whatever holds them; what cannot be used is named."""

from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csc_matrix, csr_matrix, issparse

NUMBERS = "biuf"


def numbers_of(values: Any, name: str) -> NDArray[Any]:
    """Read a table of few columns: coordinates, or a latent representation.

    Parameters
    ----------
    values
        Array (of any class, masked or of objects), sparse matrix or data frame.
    name
        How messages call it, such as ``"adata.obsm['spatial']"``.

    Returns
    -------
    Array of numbers; NaN if a value is missing or masked.

    Raises
    ------
    ValueError
        If something in it is not a number.
    """
    if issparse(values):
        values = values.toarray()
    if isinstance(values, pd.DataFrame | pd.Series):
        values = _of_frame(values)
    array = _without_mask(values)
    if array.dtype.kind == "O":
        array = _of_objects(array, name)
    _check_kind(array.dtype, name)
    return _of_usual_width(array)


def floats_of(values: Any, name: str) -> NDArray[np.float64]:
    """Read a table like :func:`numbers_of`, in double precision."""
    return numbers_of(values, name).astype(np.float64, copy=False)


def plain_matrix(values: Any, name: str) -> Any:
    """Read a matrix of expression that is in memory, without a copy if it is plain.

    Parameters
    ----------
    values
        Array of any class, or sparse matrix or array.
    name
        How messages call it, such as ``"adata.X"``.

    Returns
    -------
    :class:`numpy.ndarray`, or CSR or CSC in which every entry is stored once. Masked values are
    NaN.

    Raises
    ------
    ValueError
        If it does not hold numbers.
    """
    if not issparse(values):
        array = _without_mask(values)
        _check_kind(array.dtype, name)
        return _of_usual_width(array)
    _check_kind(values.dtype, name)
    matrix = csc_matrix(values) if values.format == "csc" else csr_matrix(values)
    if not matrix.has_canonical_format:
        matrix = matrix.copy()
        matrix.sum_duplicates()
    matrix.data = _of_usual_width(matrix.data)
    return matrix


def _without_mask(values: Any) -> NDArray[Any]:
    if not np.ma.isMaskedArray(values):
        return np.asarray(values)
    if not np.ma.getmaskarray(values).any():
        return np.asarray(values.data)
    number = object if values.dtype.kind == "O" else np.promote_types(values.dtype, np.float32)
    return np.ma.filled(values.astype(number), np.nan)


def _of_frame(frame: pd.DataFrame | pd.Series) -> NDArray[Any]:
    kinds = [frame.dtype] if isinstance(frame, pd.Series) else list(frame.dtypes)
    if all(pd.api.types.is_numeric_dtype(k) and not _is_complex(k) for k in kinds):
        return np.asarray(frame.to_numpy(dtype=np.float64, na_value=np.nan))
    return np.asarray(frame.to_numpy(dtype=object))


def _is_complex(kind: Any) -> bool:
    return bool(pd.api.types.is_complex_dtype(kind))


def _of_objects(array: NDArray[Any], name: str) -> NDArray[np.float64]:
    missing = np.array([value is None or value is pd.NA for value in array.flat]).reshape(
        array.shape
    )
    numbers = np.full(array.shape, np.nan)
    found = array[~missing]
    wrong = next((value for value in found if not isinstance(value, Real | Decimal)), None)
    if wrong is None:
        numbers[~missing] = found.astype(np.float64)
    else:
        message = (
            f"{name} holds {type(wrong).__name__} (such as {wrong!r}) among its values (dtype "
            "object): make numbers of it, with pandas.to_numeric(column, errors='coerce') for each "
            "column, which gives NaN if there is no number."
        )
        raise ValueError(message)
    return numbers


def _check_kind(dtype: np.dtype[Any], name: str) -> None:
    if dtype.kind not in NUMBERS:
        message = (
            f"{name} holds values of dtype {dtype}, not real numbers: convert it, such as "
            f"{name} = {name}.astype('float32')."
        )
        raise ValueError(message)


def _of_usual_width(array: NDArray[Any]) -> NDArray[Any]:
    """Give numbers that SciPy, torch and numba know: no half or long floats, no foreign order."""
    dtype = array.dtype.newbyteorder("=")
    if dtype.kind == "b":
        dtype = np.dtype(np.uint8)
    if dtype.kind == "f" and dtype not in (np.float32, np.float64):
        dtype = np.dtype(np.float32 if dtype.itemsize < 4 else np.float64)
    return array.astype(dtype, copy=False)
