import json
from collections import OrderedDict, defaultdict
from dataclasses import dataclass, fields, is_dataclass

import numpy as np
import pandas as pd
import pytest
import torch

from dpvae.model.atlas.layout import Layout
from dpvae.model.files.encoding import RefusedError, decode, encode

RNG = np.random.default_rng(0)
SQUARE = RNG.normal(size=(3, 4))


def again(value):
    """The value after a way through JSON and arrays of numbers."""
    arrays = {}
    text = json.dumps(encode(value, "value", arrays), allow_nan=False)
    for array in arrays.values():
        assert array.dtype.kind in "biuf"
        assert array.flags.c_contiguous
    return decode(json.loads(text), {name: array.copy() for name, array in arrays.items()})


def assert_same(one, two):
    """Equal to the last bit, of the same types, in the same order."""
    assert type(one) is type(two)
    if isinstance(one, dict):
        assert list(map(type, one)) == list(map(type, two))
        for (key, first), (other, second) in zip(one.items(), two.items(), strict=True):
            assert_same(key, other)
            assert_same(first, second)
    elif isinstance(one, list | tuple):
        for first, second in zip(one, two, strict=True):
            assert_same(first, second)
    elif isinstance(one, np.ndarray):
        assert (one.dtype, one.shape) == (two.dtype, two.shape)
        assert one.flags.c_contiguous <= two.flags.c_contiguous
        assert one.flags.f_contiguous <= two.flags.f_contiguous
        assert two.flags.writeable
        if one.dtype == object:
            assert_same(list(one.ravel()), list(two.ravel()))
        else:
            assert one.tobytes() == two.tobytes()
    elif isinstance(one, torch.Tensor):
        assert one.dtype == two.dtype
        assert_same(one.detach().numpy(), two.numpy())
    elif isinstance(one, pd.DataFrame):
        pd.testing.assert_frame_equal(one, two, check_exact=True)
    elif isinstance(one, pd.Index):
        pd.testing.assert_index_equal(one, two, exact=True)
    elif is_dataclass(one):
        for field in fields(one):
            assert_same(getattr(one, field.name), getattr(two, field.name))
    elif isinstance(one, float) and np.isnan(one):
        assert np.isnan(two)
    else:
        assert repr(one) == repr(two)


VALUES = {
    "none": None,
    "numbers": [0, -3, 2**80, True, False, 0.1, -0.0, 5e-324, np.nan, np.inf, -np.inf],
    "texts": ["", "é 東 \U0001f9ec", 'quotes " and \\', "\x00\n"],
    "nested": {"a": [1, (2, {"b": None})], "c": (), "d": [], "e": {}},
    "order of keys": {"z": 1, "a": 2, "m": 3},
    "keys of other types": {2: "int", (2, "x"): 0, None: 0, 1.5: 1, True: 2, np.str_("s"): 3},
    "a key that is ours": {"$": "array", "name": "elsewhere"},
    "names that look alike": {"a": {"b": SQUARE}, "a.b": SQUARE + 1.0},
    "registry": defaultdict(dict, {"batch": {"n": 3}}),
    **{
        f"array of {kind}": RNG.integers(0, 2, 7).astype(kind)
        for kind in ("f8", "f4", "f2", "i8", "i4", "u4", "u1", "u8", "i2", "?", "c8", "c16", ">f8")
    },
    "numbers that are none": np.array([np.nan, -np.inf, -0.0]),
    "payload of a nan": np.array([0x7FF8000000000ABC], dtype="u8").view("f8"),
    "one number": np.array(3.5),
    "empty": np.zeros((0, 3), dtype="f4"),
    "empty texts": np.zeros(0, dtype="U5"),
    "by column": np.asfortranarray(SQUARE),
    "every second": np.ascontiguousarray(SQUARE[:, ::2]),
    "texts in an array": np.array(["a", "section é", ""]),
    "bytes": np.array([b"a", b"bcd"]),
    "days": np.array(["2026-11-27", "NaT"], dtype="M8[ns]"),
    "objects": np.array(["gene", None, np.nan, 3, 2.5, True], dtype=object),
    "objects in rows": np.array([["a", "b"], ["c", "d"]], dtype=object),
    "no objects": np.array([], dtype=object),
    "numpy numbers": [np.float32(0.1), np.float64(0.1), np.int64(3), np.uint8(7), np.bool_(1)],
    "numpy nan": np.float32(np.nan),
    "numpy text": np.str_("section"),
    "tensor": torch.arange(6, dtype=torch.float32).reshape(2, 3),
    "one in a tensor": torch.tensor(7),
    "empty tensor": torch.zeros(0, 4, dtype=torch.float64),
    "index": pd.Index(["b", "a"], name="genes"),
    "history": pd.DataFrame({"loss": [0.5, np.nan]}, index=pd.Index([0, 5], name="epoch")),
    "table": pd.DataFrame({"x": [1, 2], "y": ["a", "b"], "z": [True, False]}),
    "table without rows": pd.DataFrame({"loss": np.zeros(0)}, index=pd.Index([], dtype="int64")),
    "layout": Layout(SQUARE.astype("f4"), SQUARE[:, :2].copy(), np.array(["a", "b", "a"])),
}


@pytest.mark.parametrize("name", VALUES)
def test_nothing_changes_on_the_way_through_a_file(name):
    assert_same(VALUES[name], again(VALUES[name]))
    assert_same([{"in": VALUES[name]}], again([{"in": VALUES[name]}]))


def layout(seed):
    places = np.random.default_rng(seed).normal(size=(5, 2))
    return Layout(places, places + 1.0, np.array(["a"] * 5))


def test_an_object_in_several_places_is_stored_once_and_stays_one():
    one, other = layout(0), layout(1)
    value = {"a": {"b": one}, "a.b": other, "c": [one, other, layout(0)], "d": (one,)}
    arrays = {}
    encode(value, "value", arrays)
    assert sum(array.size for array in arrays.values()) == 3 * (10 + 10 + 20)  # 4 bytes a letter
    found = again(value)
    assert_same(found, value)
    assert found["c"][0] is found["a"]["b"] is found["d"][0]
    assert found["c"][1] is found["a.b"]
    assert found["c"][2] is not found["c"][0]


def test_objects_without_a_name_are_read_as_in_earlier_files():
    def earlier(stored):
        if isinstance(stored, list):
            return [earlier(item) for item in stored]
        if isinstance(stored, dict):
            is_object = stored.get("$") == "object"
            return {
                key: earlier(item)
                for key, item in stored.items()
                if not (is_object and key == "name")
            }
        return stored

    arrays, value = {}, {"a": layout(0), "b": [layout(1), layout(2)]}
    stored = encode(value, "value", arrays)
    assert earlier(stored) != stored
    assert_same(decode(earlier(stored), arrays), value)


def test_a_name_that_nothing_has_is_an_error():
    with pytest.raises(KeyError, match=r"value\.a"):
        decode({"$": "same", "as": "value.a"}, {})


def test_weights_become_a_plain_dictionary():
    state = OrderedDict(b=torch.nn.Parameter(torch.ones(2)), a=torch.zeros(1, 2).T)
    found = again(state)
    assert list(found) == ["b", "a"]
    assert torch.equal(found["b"], torch.ones(2))
    assert torch.equal(found["a"], torch.zeros(2, 1))


@dataclass(frozen=True)
class Unknown:
    """Not in the table of classes."""

    value: int


class Text(str):
    """A text of a class of its own."""

    __slots__ = ()


REFUSED = {
    "a function": len,
    "a class": Unknown,
    "an object": Unknown(3),
    "a set": {1, 2},
    "bytes": b"abc",
    "records": np.zeros(2, dtype="i4,f4"),
    "a masked array": np.ma.masked_array([1.0, 2.0], [True, False]),
    "objects in an array": np.array([object()], dtype=object),
    "functions by default": defaultdict(lambda: 0, {"a": print}),
    "half numbers": torch.zeros(2, dtype=torch.bfloat16),
    "a day": pd.Timestamp("2026-11-27"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_could_run_or_is_of_another_type_is_named(name):
    value = REFUSED[name]
    with pytest.raises(TypeError, match=r"^model\.list_\.1.* is of the type "):
        encode({"list_": [0, value]}, "model", {})


def test_a_class_of_its_own_in_the_name_of_ours_is_refused():
    other = dataclass(frozen=True)(type("Layout", (), {"__annotations__": {"latent": int}}))
    with pytest.raises(TypeError, match="value is of the type Layout"):
        encode(other(3), "value", {})


def test_text_of_another_class_is_text():
    assert_same("abc", again(Text("abc")))


FOREIGN = {
    "a class": {"$": "object", "class": "Unknown", "of": {"value": 3}},
    "a class by its path": {"$": "object", "class": "builtins.eval", "of": {}},
    "a call": {"$": "call", "of": "print"},
    "an array of objects": {"$": "array", "name": "a", "dtype": "O", "shape": [1]},
    "an object as a scalar": {"$": "scalar", "dtype": "O", "of": 1},
    "records": {"$": "array", "name": "a", "dtype": "i4,O", "shape": [1]},
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_class_that_is_not_in_the_table_is_refused(name):
    with pytest.raises(RefusedError, match=r"^it holds a"):
        decode([FOREIGN[name]], {"a": np.zeros(2)})
