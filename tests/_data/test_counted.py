import pytest

from dpvae._data.counted import counted


@pytest.mark.parametrize(
    ("number", "words", "expected"),
    [
        (0, ("cell",), "0 cells"),
        (1, ("cell",), "1 cell"),
        (2, ("cell",), "2 cells"),
        (1, ("row is", "rows are"), "1 row is"),
        (3, ("row is", "rows are"), "3 rows are"),
    ],
)
def test_one_thing_has_the_singular(number, words, expected):
    assert counted(number, *words) == expected
