"""Values as JSON and named arrays, and back: data only, nothing that could run."""

from collections import defaultdict
from dataclasses import fields
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from dpvae.model.files.stored import STORED

Arrays = dict[str, NDArray[Any]]
KIND = "$"
AS_THEY_ARE = {
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    "float16", "float32", "float64",
}  # fmt: skip
PLAIN = "biufcmMSU"


class RefusedError(ValueError):
    """Why the contents of a file are not read."""


def encode(value: Any, name: str, arrays: Arrays, seen: dict[int, str] | None = None) -> Any:
    """Make JSON of a value, and put its arrays aside.

    An object of a dataclass that occurs in several places is stored once.

    Parameters
    ----------
    value
        Numbers, texts, arrays, tensors, tables, and lists, tuples, dictionaries and the
        dataclasses of :data:`~dpvae.model.files.stored.STORED` that hold such.
    name
        Name of the value, for its arrays and for errors.
    arrays
        The arrays by name. The value's arrays are added.
    seen
        Names of the objects that were stored before, by identity. New ones are added.

    Raises
    ------
    TypeError
        If a value is of another type.
    """
    names = {} if seen is None else seen

    def part(value: Any, key: Any) -> Any:
        return encode(value, f"{name}.{key}", arrays, names)

    def parts(values: Any) -> list[Any]:
        return [part(value, i) for i, value in enumerate(values)]

    match value:
        case np.generic() if value.dtype.kind in "biufU" and value.dtype.name != "longdouble":
            return {KIND: "scalar", "of": part(value.item(), "item"), "dtype": value.dtype.str}
        case float() if not np.isfinite(value):
            return {KIND: "float", "of": repr(value)}
        case None | bool() | int() | float() | str() if not isinstance(value, np.generic):
            return value
        case list():
            return parts(value)
        case tuple():
            return {KIND: "tuple", "of": parts(value)}
        case defaultdict() if value.default_factory is dict:
            return {KIND: "defaultdict", "of": part(dict(value), "")}
        case dict() if KIND not in value and all(type(key) is str for key in value):
            return {key: part(of_key, key) for key, of_key in value.items()}
        case dict():
            return {KIND: "dict", "keys": parts(value), "values": parts(value.values())}
        case np.ndarray() if type(value) is np.ndarray and value.dtype == object:
            return {KIND: "objects", "of": parts(value.ravel()), "shape": list(value.shape)}
        case np.ndarray() if type(value) is np.ndarray and value.dtype.kind in PLAIN:
            return _put_aside(value, name, arrays)
        case torch.Tensor() if value.dtype is not torch.bfloat16:
            return {KIND: "tensor", "of": part(value.detach().cpu().numpy(), "tensor")}
        case pd.Index():
            labels = part(value.to_numpy(), "labels")
            return {KIND: "index", "of": labels, "name": part(value.name, "name")}
        case pd.DataFrame():
            axes = {"index": part(value.index, "index"), "columns": part(value.columns, "columns")}
            columns = parts(column.to_numpy() for _, column in value.items())
            return {KIND: "table", "of": columns, **axes}
        case _ if id(value) in names:
            return {KIND: "same", "as": names[id(value)]}
        case _ if STORED.get(type(value).__name__) is type(value):
            while name in names.values():
                name += "_"
            names[id(value)] = name
            of = {
                field.name: part(getattr(value, field.name), field.name) for field in fields(value)
            }
            return {KIND: "object", "class": type(value).__name__, "name": name, "of": of}
    message = f"{name} is of the type {type(value).__name__}"
    raise TypeError(message)


def decode(stored: Any, arrays: Arrays, made: dict[str, Any] | None = None) -> Any:
    """Make a value again of what :func:`encode` gave.

    Parameters
    ----------
    stored
        What JSON held.
    arrays
        The arrays by name.
    made
        The objects that were made before, by the names that they were stored by. New ones are
        added.

    Raises
    ------
    RefusedError
        If it holds a class that is not one of :data:`~dpvae.model.files.stored.STORED`.
    Exception
        Of any other kind if it is not what :func:`encode` gives.
    """
    objects = {} if made is None else made

    def value_of(key: str) -> Any:
        return decode(stored[key], arrays, objects)

    if isinstance(stored, list):
        return [decode(item, arrays, objects) for item in stored]
    if not isinstance(stored, dict):
        return stored
    match stored.get(KIND):
        case None:
            return {key: decode(item, arrays, objects) for key, item in stored.items()}
        case "scalar":
            return np.array(value_of("of"), dtype=_plain(stored["dtype"]))[()]
        case "float":
            return float(stored["of"])
        case "tuple":
            return tuple(value_of("of"))
        case "defaultdict":
            return defaultdict(dict, value_of("of"))
        case "dict":
            return dict(zip(value_of("keys"), value_of("values"), strict=True))
        case "objects":
            items = np.empty(len(stored["of"]), dtype=object)
            items[:] = value_of("of")
            return items.reshape(stored["shape"])
        case "array":
            return _taken_from(stored, arrays)
        case "tensor":
            return torch.from_numpy(value_of("of"))
        case "index":
            return pd.Index(value_of("of"), name=value_of("name"))
        case "table":
            columns = dict(enumerate(value_of("of")))
            table = pd.DataFrame(columns, index=value_of("index"))
            return table.set_axis(value_of("columns"), axis=1)
        case "object" if stored["class"] in STORED:
            found = STORED[stored["class"]](**value_of("of"))
            objects[stored.get("name", "")] = found  # without a name in files of before
            return found
        case "same":
            return objects[stored["as"]]
        case kind:
            message = f"it holds a {stored.get('class', kind)}, which this version does not know."
            raise RefusedError(message)


def _put_aside(array: NDArray[Any], name: str, arrays: Arrays) -> dict[str, Any]:
    is_by_column = array.flags.f_contiguous and not array.flags.c_contiguous
    rows = np.asarray(array.T if is_by_column else array, order="C")
    if rows.dtype.name not in AS_THEY_ARE or not rows.dtype.isnative:
        rows = np.frombuffer(rows.tobytes(), dtype=np.uint8)
    while name in arrays:
        name += "_"
    arrays[name] = rows
    place = {KIND: "array", "name": name, "dtype": array.dtype.str, "shape": list(array.shape)}
    return {**place, "by_column": True} if is_by_column else place


def _taken_from(place: dict[str, Any], arrays: Arrays) -> NDArray[Any]:
    values, shape = arrays[place["name"]].reshape(-1).view(_plain(place["dtype"])), place["shape"]
    return values.reshape(shape[::-1]).T if place.get("by_column") else values.reshape(shape)


def _plain(name: str) -> np.dtype[Any]:
    dtype = np.dtype(name)
    if dtype.kind not in PLAIN:
        message = f"it holds an array of {dtype}, which can be anything."
        raise RefusedError(message)
    return dtype
