"""Ways to hold the same expression, and ways to break it; all take a dense array."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import scipy.sparse as sp
from tests.fuzz.change import Change, one_in

FLOATS = ("float16", "float32", "float64", "longdouble", ">f4", ">f8")
INTEGERS = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", ">i4")
SPARSE = (sp.csr_matrix, sp.csc_matrix, sp.csr_array, sp.csc_array)


def expression_changes() -> Iterator[Change]:
    """Go through all changes of expression."""
    for name, make in CONTAINERS.items():
        yield Change("expression", name, make, same="any")
    for name, (make, refused) in FAULTS.items():
        yield Change("expression", name, make, refused=refused)


def _of_type(dtype: str) -> Callable[..., Any]:
    def make(values: np.ndarray, _: Any) -> np.ndarray:
        found = values.astype(dtype)
        if not np.array_equal(found.astype(float), values):
            message = f"{dtype} cannot hold these numbers"
            raise ValueError(message)
        return found

    return make


def _sparse_of_type(form: Any, dtype: str) -> Callable[..., Any]:
    dense = _of_type(dtype)
    return lambda values, rng: form(dense(values, rng))


def _read_only(values: np.ndarray, _: Any) -> np.ndarray:
    values = values.copy()
    values.flags.writeable = False
    return values


def _read_only_csr(values: np.ndarray, _: Any) -> sp.csr_matrix:
    found = sp.csr_matrix(values)
    for part in (found.data, found.indices, found.indptr):
        part.flags.writeable = False
    return found


def _strided(values: np.ndarray, _: Any) -> np.ndarray:
    wide = np.full((2 * values.shape[0], 3 * values.shape[1]), np.nan, dtype=values.dtype)
    wide[::2, ::3] = values
    return wide[::2, ::3]


def _unsorted(values: np.ndarray, rng: np.random.Generator) -> sp.csr_matrix:
    found = sp.csr_matrix(values)
    for begin, end in zip(found.indptr, found.indptr[1:], strict=False):
        order = begin + rng.permutation(end - begin)
        found.data[begin:end], found.indices[begin:end] = found.data[order], found.indices[order]
    found.has_sorted_indices = False
    return found


def _in_parts(form: Any) -> Callable[..., Any]:
    def make(values: np.ndarray, _: Any) -> Any:
        whole = form(values)
        first = np.floor(whole.data / 2)
        data = np.stack([first, whole.data - first], axis=1).ravel().astype(values.dtype)
        return form((data, np.repeat(whole.indices, 2), 2 * whole.indptr), shape=whole.shape)

    return make


def _explicit_zeros(values: np.ndarray, rng: np.random.Generator) -> sp.csr_matrix:
    stored = (values != 0) | one_in(3, values.shape, rng)
    rows, columns = np.nonzero(stored)
    starts = np.concatenate([[0], stored.sum(axis=1).cumsum()])
    return sp.csr_matrix((values[rows, columns], columns, starts), shape=values.shape)


def _long_indices(values: np.ndarray, _: Any) -> sp.csr_matrix:
    found = sp.csr_matrix(values)
    found.indices, found.indptr = found.indices.astype(np.int64), found.indptr.astype(np.int64)
    return found


def _with(value: Any, *, dtype: Any = float, form: Any = np.asarray) -> Callable[..., Any]:
    """Put a value into some entries."""

    def make(values: np.ndarray, rng: np.random.Generator) -> Any:
        found = values.astype(dtype)
        for entry in np.flatnonzero(one_in(200, values.shape, rng)):
            found.flat[entry] = value
        return form(found)

    return make


def _masked(values: np.ndarray, rng: np.random.Generator) -> Any:
    return np.ma.masked_array(values, one_in(50, values.shape, rng))


def _masked_over_nan(values: np.ndarray, rng: np.random.Generator) -> Any:
    chosen = one_in(50, values.shape, rng)
    return np.ma.masked_array(np.where(chosen, np.nan, values), chosen)


def _off_by_rounding(values: np.ndarray, _: Any) -> np.ndarray:
    return np.expm1(np.log1p(values.astype(float)))


CONTAINERS: dict[str, Callable[..., Any]] = {
    **{f"dense {dtype}": _of_type(dtype) for dtype in (*FLOATS, *INTEGERS)},
    **{form.__name__: lambda v, _, form=form: form(v) for form in SPARSE},
    **{
        f"{form.__name__} {dtype}": _sparse_of_type(form, dtype)
        for form, dtype in (
            (sp.csr_matrix, "float64"),
            (sp.csr_matrix, "int64"),
            (sp.csr_matrix, "uint16"),
            (sp.csc_matrix, "int32"),
            (sp.csr_matrix, "longdouble"),
            (sp.csc_array, "float64"),
        )
    },
    "Fortran order": lambda v, _: np.asfortranarray(v),
    "strided": _strided,
    "read-only array": _read_only,
    "read-only CSR": _read_only_csr,
    "masked array without masked entries": lambda v, _: np.ma.masked_array(v),
    "masked array, mask of False": lambda v, _: np.ma.masked_array(v, np.zeros(v.shape, bool)),
    "objects that are floats": lambda v, _: v.astype(object),
    "objects that are integers": lambda v, r: _of_type("int64")(v, r).astype(object),
    "text of numbers": lambda v, _: v.astype(str),
    "complex without imaginary part": lambda v, _: v.astype(complex),
    "CSR with unsorted indices": _unsorted,
    "CSR with entries in two parts": _in_parts(sp.csr_matrix),
    "CSC with entries in two parts": _in_parts(sp.csc_matrix),
    "CSR with explicit zeros": _explicit_zeros,
    "CSR with 64-bit indices": _long_indices,
}

# How each is broken, and which entry points have to refuse it.
FAULTS: dict[str, tuple[Callable[..., Any], str]] = {
    "NaN": (_with(np.nan), "any"),
    "NaN in CSR": (_with(np.nan, form=sp.csr_matrix), "any"),
    "NaN in CSC": (_with(np.nan, form=sp.csc_array), "any"),
    "inf": (_with(np.inf), "any"),
    "-inf": (_with(-np.inf), "any"),
    "all NaN": (lambda v, _: np.full(v.shape, np.nan), "any"),
    "masked entries": (_masked, "any"),
    "masked entries over NaN": (_masked_over_nan, "any"),
    "all masked": (lambda v, _: np.ma.masked_all(v.shape), "any"),
    "objects with None": (_with(None, dtype=object), "any"),
    "objects with text": (_with("unknown", dtype=object), "any"),
    "objects with lists": (_with([1], dtype=object), "any"),
    "text with NA": (lambda v, r: _with("NA", dtype="<U24")(v, r), "any"),
    "complex": (lambda v, _: v + 1j, "any"),
    "dates": (lambda v, _: v.astype("int64").astype("datetime64[D]"), "any"),
    "negative": (_with(-1.0), "counts"),
    "tiny negative": (_with(-1e-9), "counts"),
    "off by rounding": (_off_by_rounding, ""),
    "halves": (lambda v, _: v.astype(float) / 2, "counts"),
    "scaled": (lambda v, _: (v - v.mean(axis=0)) / (v.std(axis=0) + 1e-3), "counts"),
    "larger than float32": (_with(1e39), "any"),
    "large": (_with(1e30), ""),
    "all zero": (lambda v, _: np.zeros_like(v), ""),
    "all one": (lambda v, _: np.ones_like(v), ""),
    "bool": (lambda v, _: v > 0, ""),
    "a cell of zeros": (lambda v, _: np.where(np.arange(len(v))[:, None] == 3, 0, v), ""),
    "a gene of zeros": (lambda v, _: np.where(np.arange(v.shape[1]) == 2, 0, v), ""),
    "None": (lambda *_: None, "any"),
}
