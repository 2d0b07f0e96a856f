import pandas as pd
import pytest

from dpvae.pl.tables import named_tables

TABLE = pd.DataFrame({"a": [1]})


def test_one_table_and_several():
    assert named_tables(TABLE, "tool") == {"": TABLE}
    assert list(named_tables({"x": TABLE, "y": TABLE}, "tool")) == ["x", "y"]


@pytest.mark.parametrize(
    ("given", "what"), [(None, "What was given"), ({"x": TABLE, "y": None}, "Table 'y'")]
)
def test_what_a_tool_returns_that_writes_is_no_table(given, what):
    with pytest.raises(TypeError, match=rf"{what} is a NoneType.*returns it with copy=True"):
        named_tables(given, "dpvae.tl.tool")
