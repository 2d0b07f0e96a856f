"""Ways to hold the same coordinates or latents, and ways to break them; all take a float array."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from tests.fuzz.change import Change, one_in

TYPES = ("float16", "float32", "longdouble", ">f8", "int16", "int32", "int64", "uint16", ">i4")


def coordinates_changes(part: str = "coordinates") -> Iterator[Change]:
    """Go through all changes of coordinates, or of a part of another name like them."""
    for name, make in CONTAINERS.items():
        yield Change(part, name, make, same="any")
    for name, make in UNKNOWN.items():
        yield Change(part, name, make, same="any", twin=_unknown)
    yield Change(part, "half-masked rows", _half_masked, same="any", twin=_half_unknown)
    for name, (make, refused) in FAULTS.items():
        is_other = part != "coordinates" and refused == "coordinates"  # of any number of columns
        yield Change(part, name, make, refused="" if is_other else refused)
    if part == "coordinates":
        yield from _motions()


def _motions() -> Iterator[Change]:
    for name, factor, shift in (
        ("offset 1e9", 1.0, 1e9),
        ("unit 1e-9", 1e-9, 0.0),
        ("unit 1e12", 1e12, 0.0),
    ):
        yield Change(
            "coordinates",
            name,
            lambda v, _, factor=factor, shift=shift: v * factor + shift,
            same="frame",
            undo=lambda r, factor=factor, shift=shift: (r - shift) / factor,
        )


def _of_type(dtype: str) -> Callable[..., Any]:
    def make(values: np.ndarray, _: Any) -> np.ndarray:
        found = values.astype(dtype)
        if not np.array_equal(found.astype(float), values):
            message = f"{dtype} cannot hold these numbers"
            raise ValueError(message)
        return found

    return make


def _table(dtype: str) -> Callable[..., Any]:
    def make(values: np.ndarray, rng: Any) -> pd.DataFrame:
        is_integer = dtype.lower().startswith("int")
        plain = _of_type("int64")(values, rng) if is_integer else values
        return pd.DataFrame(plain).add_prefix("axis_").astype(dtype)

    return make


def _rows(shape: tuple[int, ...]) -> np.ndarray:
    """Rows that are made unknown: the same ones in every form."""
    return np.arange(shape[0]) % 5 == 1


def _unknown(values: np.ndarray, _: Any) -> np.ndarray:
    found = values.astype(float)
    found[_rows(values.shape)] = np.nan
    return found


def _unknown_objects(missing: Any) -> Callable[..., Any]:
    def make(values: np.ndarray, _: Any) -> np.ndarray:
        found = values.astype(object)
        found[_rows(values.shape)] = missing
        return found

    return make


def _unknown_table(dtype: str) -> Callable[..., Any]:
    def make(values: np.ndarray, rng: Any) -> pd.DataFrame:
        table = _table(dtype)(values, rng)
        table[_rows(values.shape)] = pd.NA
        return table

    return make


def _masked(values: np.ndarray, _: Any) -> Any:
    found = np.ma.masked_array(values.copy())
    found[_rows(values.shape)] = np.ma.masked
    return found


def _with(value: Any, dtype: Any = float) -> Callable[..., Any]:
    def make(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        found = values.astype(dtype)
        for entry in np.flatnonzero(one_in(50, values.shape, rng)):
            found.flat[entry] = value
        return found

    return make


def _half_unknown(values: np.ndarray, _: Any) -> np.ndarray:
    found = values.copy()
    found[_rows(values.shape), 1] = np.nan
    return found


def _half_masked(values: np.ndarray, _: Any) -> Any:
    mask = np.zeros(values.shape, bool)
    mask[_rows(values.shape), 1] = True
    return np.ma.masked_array(values, mask)


def _known(n: int) -> Callable[..., Any]:
    def make(values: np.ndarray, _: Any) -> np.ndarray:
        found = np.full_like(values, np.nan)
        found[:n] = values[:n]
        return found

    return make


CONTAINERS: dict[str, Callable[..., Any]] = {
    **{f"array of {dtype}": _of_type(dtype) for dtype in TYPES},
    "Fortran order": lambda v, _: np.asfortranarray(v),
    "strided": lambda v, _: np.repeat(np.repeat(v, 2, axis=0), 2, axis=1)[::2, ::2],
    "masked array without masked entries": lambda v, _: np.ma.masked_array(v),
    "objects that are floats": lambda v, _: v.astype(object),
    "text of numbers": lambda v, _: v.astype(str),
    "complex without imaginary part": lambda v, _: v.astype(complex),
    "CSR": lambda v, _: sp.csr_matrix(v),
    "CSC array": lambda v, _: sp.csc_array(v),
    **{f"table of {dtype}": _table(dtype) for dtype in ("float64", "int64", "float32", "object")},
    **{f"table of {dtype}": _table(dtype) for dtype in ("Int64", "Float64", "Int32", "string")},
    "table of categories": lambda v, _: pd.DataFrame(v).add_prefix("axis_").astype("category"),
    "table of mixed types": lambda v, _: pd.DataFrame(
        {k: v[:, k].astype("f4" if k == 0 else v.dtype) for k in range(v.shape[1])}
    ),
    "table of two columns of one name": lambda v, _: pd.DataFrame(v, columns=["x", "x"]),
}
UNKNOWN: dict[str, Callable[..., Any]] = {
    "masked rows": _masked,
    "rows of None": _unknown_objects(None),
    "rows of pd.NA": _unknown_objects(pd.NA),
    "rows of pd.NaT": _unknown_objects(pd.NaT),
    "table of Int64 with NA": _unknown_table("Int64"),
    "table of Float64 with NA": _unknown_table("Float64"),
    "table of objects with NA": _unknown_table("object"),
    "table of strings with NA": _unknown_table("string"),
    "unknown rows in float32": lambda v, r: _unknown(v, r).astype("f4"),
}
FAULTS: dict[str, tuple[Callable[..., Any], str]] = {
    "all NaN": (lambda v, _: np.full_like(v, np.nan), "learns"),
    "all masked": (lambda v, _: np.ma.masked_all(v.shape), "learns"),
    "two known": (_known(2), "learns"),
    "half-NaN rows": (_half_unknown, "coordinates"),
    "inf": (_with(np.inf), "any"),
    "text": (lambda v, _: np.full(v.shape, "here"), "any"),
    "text with NA in part": (_with("NA", "<U24"), "any"),
    "objects with text": (_with("left", object), "any"),
    "objects with lists": (_with([1.0], object), "any"),
    "complex": (lambda v, _: v + 1j, "any"),
    "dates": (lambda v, _: v.astype("int64").astype("datetime64[D]"), "any"),
    "durations": (lambda v, _: v.astype("int64").astype("timedelta64[s]"), "any"),
    "bool": (lambda v, _: v > v.mean(axis=0), ""),
    "bytes": (lambda v, _: v.astype("S"), ""),
    "no columns": (lambda v, _: v[:, :0], "any"),
    "one column": (lambda v, _: v[:, :1], "coordinates"),
    "three columns": (lambda v, _: np.c_[v, v[:, 0]], ""),
    "four columns": (lambda v, _: np.c_[v, v], "coordinates"),
    "three axes": (lambda v, _: v[:, :, None], "any"),
    "constant": (lambda v, _: np.ones_like(v), "learns"),
    "collinear": (lambda v, _: np.c_[v[:, 0], 2 * v[:, 0]], ""),
    "one axis constant": (lambda v, _: np.c_[v[:, 0], np.ones(len(v))], ""),
    "nearly constant": (lambda v, _: 1 + 1e-300 * v, ""),
    "1e300": (lambda v, _: 1e300 * v, ""),
    "all at two places": (lambda v, _: (v > v.mean(axis=0)[:1]).astype(float), ""),
    "table of text": (lambda v, _: pd.DataFrame(np.full(v.shape, "x"), columns=["x", "y"]), "any"),
}
