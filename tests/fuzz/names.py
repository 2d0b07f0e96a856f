"""Ways to hold the same names of sections, batches and labels, and ways to break them."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from tests.fuzz.change import Change

MISSING = (np.nan, None, pd.NA)


def names_changes(part: str) -> Iterator[Change]:
    """Go through all changes of a column of names; the plain one holds texts of integers."""
    for name, make in FORMS.items():
        yield Change(part, name, make, same="any")
    for name, rename in RENAMED.items():
        yield Change(part, name, _renamed(rename), same="learns")
    for name, (make, refused) in FAULTS.items():
        yield Change(part, name, make, refused=refused)


def sizes_changes() -> Iterator[Change]:
    """Go through all changes of a numeric column, such as size factors."""
    for name, make in SIZES.items():
        yield Change("sizes", name, make, same="any")
    for name, (make, refused) in SIZE_FAULTS.items():
        yield Change("sizes", name, make, refused=refused)


def _integers(texts: np.ndarray, dtype: Any = np.int64) -> pd.Series:
    return pd.Series(texts.astype(np.int64)).astype(dtype)


def _mixed(texts: np.ndarray) -> pd.Series:
    smallest = min(texts)
    return pd.Series([int(t) if t == smallest else t for t in texts], dtype=object)


def _mixed_within(texts: np.ndarray) -> pd.Series:
    mixed = [int(t) if row % 2 else t for row, t in enumerate(texts)]
    return pd.Series(mixed, dtype=object)


def _unused(texts: np.ndarray) -> pd.Series:
    return pd.Series(pd.Categorical(texts, [*np.unique(texts), "7", "unused"]))


def _renamed(rename: Callable[[str], Any]) -> Callable[..., Any]:
    return lambda texts, _: pd.Series([rename(text) for text in texts], dtype=object)


def _some(value: Any, dtype: Any = object) -> Callable[..., Any]:
    def make(texts: np.ndarray, rng: np.random.Generator) -> pd.Series:
        column = pd.Series(texts, dtype=object)
        column[rng.permutation(len(column))[:2]] = value
        return column.astype(dtype)

    return make


def _some_objects(value: Any) -> Callable[..., Any]:
    def make(texts: np.ndarray, _: Any) -> pd.Series:
        return pd.Series([value if row < 2 else text for row, text in enumerate(texts)])

    return make


def _sizes(factor: Callable[[np.ndarray, np.random.Generator], Any]) -> Callable[..., Any]:
    return lambda values, rng: pd.Series(factor(values, rng))


def _one(value: Any) -> Callable[..., Any]:
    def make(values: np.ndarray, rng: np.random.Generator) -> pd.Series:
        column = pd.Series(values, dtype=float if isinstance(value, float) else object)
        column[int(rng.integers(len(values)))] = value
        return column

    return make


FORMS: dict[str, Callable[..., Any]] = {
    "texts": lambda t, _: pd.Series(t, dtype=object),
    "categories": lambda t, _: pd.Series(pd.Categorical(t)),
    "ordered categories": lambda t, _: pd.Series(pd.Categorical(t, ordered=True)),
    "categories in reverse": lambda t, _: pd.Series(pd.Categorical(t, np.unique(t)[::-1])),
    "unused categories": lambda t, _: _unused(t),
    "categories of integers": lambda t, _: _integers(t).astype("category"),
    "integers": lambda t, _: _integers(t),
    "int8": lambda t, _: _integers(t, "int8"),
    "Int64": lambda t, _: _integers(t, "Int64"),
    "integers as objects": lambda t, _: _integers(t).astype(object),
    "string": lambda t, _: pd.Series(t, dtype="string"),
    "floats": lambda t, _: _integers(t, float),
    "Float64": lambda t, _: _integers(t, "Float64"),
    "numpy strings as objects": lambda t, _: pd.Series([np.str_(x) for x in t], dtype=object),
    "an integer and texts": lambda t, _: _mixed(t),
    "integers and texts for one name": lambda t, _: _mixed_within(t),
}
RENAMED: dict[str, Callable[[str], Any]] = {
    "names with slashes": lambda t: f"{t}/a",
    "names with blanks": lambda t: f" {t} ",
    "names with brackets": lambda t: f"[{t}] $x_'\"{{}}",
    "long names": lambda t: f"{t:0>4}" * 100,
    "names in Greek": lambda t: f"{t}τομή",
    "empty names": lambda t: "" if t in ("1", "10") else t,
    "names of missing values": lambda t: "NA" if t in ("1", "10") else f"Z{t}",
    "dates": lambda t: pd.Timestamp("2020-01-01") + pd.Timedelta(int(t), "D"),
    "tuples": lambda t: (t, "a"),
}
FAULTS: dict[str, tuple[Callable[..., Any], str]] = {
    "missing (nan)": (_some(np.nan), "learns"),
    "missing (None)": (_some(None), "learns"),
    "missing (pd.NA in string)": (_some(pd.NA, "string"), "learns"),
    "missing category": (_some(np.nan, "category"), "learns"),
    "all missing": (lambda t, _: pd.Series([None] * len(t), dtype=object), "learns"),
    "missing integers": (lambda t, _: _integers(t, "Int64").mask(np.arange(len(t)) < 2), "learns"),
    "bool and texts": (_renamed(lambda t: t in ("1", "10") or t), ""),
    "lists": (_some_objects(["1"]), "learns"),
    "dictionaries": (_some_objects({"1": 1}), "learns"),
    "a section of two cells": (_some("lone"), ""),
    "every cell its own": (lambda t, _: pd.Series([f"s{i}" for i in range(len(t))]), ""),
    "one name": (lambda t, _: pd.Series(["1"] * len(t)), ""),
    "names that are not known": (lambda t, _: pd.Series([f"x{x}" for x in t]), ""),
    "numbers that are not known": (lambda t, _: _integers(t) + 90, ""),
    "no such column": (lambda *_: None, "learns"),
    "two columns of one name": (lambda t, _: pd.DataFrame({0: t, 1: t}), "learns"),
}
SIZES: dict[str, Callable[..., Any]] = {
    "float32": _sizes(lambda v, _: v.astype("f4")),
    "objects": _sizes(lambda v, _: v.astype(object)),
    "Float64": lambda v, _: pd.Series(v, dtype="Float64"),
    "texts of numbers": _sizes(lambda v, _: v.astype(str)),
    "categories of numbers": lambda v, _: pd.Series(pd.Categorical(v)),
}
SIZE_FAULTS: dict[str, tuple[Callable[..., Any], str]] = {
    "one negative": (_one(-1.0), "depths"),
    "one zero": (_one(0.0), "depths"),
    "one NaN": (_one(float("nan")), "learns"),
    "one inf": (_one(float("inf")), "learns"),
    "logarithms": (_sizes(lambda v, _: np.log(v / np.median(v))), "depths"),
    "texts": (_sizes(lambda v, _: np.full(len(v), "deep")), "learns"),
    "one text": (_one("deep"), "learns"),
    "pd.NA": (lambda v, _: pd.Series(v, dtype="Float64").mask(np.arange(len(v)) < 2), "learns"),
    "complex": (_sizes(lambda v, _: v + 1j), "learns"),
    "dates": (_sizes(lambda v, _: v.astype("int64").astype("datetime64[s]")), "learns"),
    "bool": (_sizes(lambda v, _: v > 0), ""),
    "1e30": (_sizes(lambda v, _: v * 1e30), ""),
    "no such column": (lambda *_: None, "learns"),
}
