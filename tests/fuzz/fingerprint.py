"""What an AnnData holds, part by part, so that two states can be compared."""

import pickle
from typing import Any

import joblib
import numpy as np
import pandas as pd
import scipy.sparse as sp
from anndata import AnnData


def fingerprint(cells: Any) -> dict[str, str]:
    """Hash of every part of an AnnData or of an array."""
    if not isinstance(cells, AnnData):
        return {"array": _hash(cells)}
    found = {"shape": str(cells.shape), "is_view": str(cells.is_view), "X": _of_x(cells)}
    for axis in ("obs", "var"):
        table = getattr(cells, axis)
        found[f"{axis} index"] = _hash(table.index)
        found[f"columns of {axis}"] = repr(list(table.columns))
        for number, column in enumerate(table.columns):
            found[f"{axis}[{column!r}]"] = _hash(table.iloc[:, number])
    for part in ("layers", "obsm", "varm", "obsp", "varp", "uns"):
        for key in getattr(cells, part).keys() - {None}:  # which is X in anndata 0.13
            found[f"{part}[{key!r}]"] = _hash(getattr(cells, part)[key])
    return found


def changes(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """Parts that were added, removed or changed."""
    return sorted(
        f"{part} {'changed' if part in before and part in after else 'added or removed'}"
        for part in {*before, *after}
        if before.get(part) != after.get(part)
    )


def _hash(values: Any) -> str:
    if sp.issparse(values):
        parts: Any = (values.format, values.shape, values.data, values.indices, values.indptr)
    elif isinstance(values, np.ma.MaskedArray):
        parts = ("masked", np.asarray(values.data), np.ma.getmaskarray(values))
    elif type(values).__module__.split(".")[0] in ("h5py", "anndata", "zarr"):
        return _of_file(values)
    elif isinstance(values, pd.Series | pd.Index):
        parts = (values.name, str(values.dtype), [repr(value) for value in values])
    elif isinstance(values, pd.DataFrame):
        columns = [_hash(values.iloc[:, number]) for number in range(values.shape[1])]
        parts = (_hash(values.index), columns)
    else:
        parts = values
    try:
        return str(joblib.hash(parts))
    except (pickle.PicklingError, TypeError, AttributeError):
        return repr(parts)


def _of_x(cells: AnnData) -> str:
    try:
        return _hash(cells.X)
    except (ValueError, OSError, KeyError, RuntimeError):  # of anndata, which opens the file again
        return "a lost file"


def _of_file(values: Any) -> str:
    try:
        return str(joblib.hash(values[:] if hasattr(values, "shape") else repr(values)))
    except (ValueError, OSError, KeyError, RuntimeError):
        return "a closed file"
