import numpy as np
import pandas as pd
import pytest

from dpvae._data.names import as_text, codes_of


@pytest.mark.parametrize(
    "column",
    [
        pd.Series(["1", "2", "1"]),
        pd.Series([1, 2, 1]),
        pd.Series([1.0, 2.0, 1.0]),
        pd.Series([1, 2, 1], dtype="Int64"),
        pd.Series([1, 2, 1], dtype="category"),
        pd.Series(["1", "2", "1"], dtype="category"),
        pd.Series(["1", "2", "1"], dtype="string"),
        pd.Series([1, 2, 1], dtype=object),
        pd.Series([1.0, 2.0, 1.0], dtype="category"),
        pd.Series([1, 2.0, "1"], dtype=object),
        pd.Series([1.0, np.float32(2.0), 1], dtype=object),
    ],
)
def test_a_name_is_its_text_whatever_its_type(column):
    assert as_text(column).tolist() == ["1", "2", "1"]


def test_names_that_are_no_whole_numbers_keep_their_digits():
    assert as_text(pd.Series([0.5, 2.0])).tolist() == ["0.5", "2"]


@pytest.mark.parametrize("kind", ["float", "category", "Int64", "object"])
def test_labels_have_the_numbers_of_their_texts_and_missing_ones_none(kind):
    codes, texts = codes_of(pd.Series([2.0, np.nan, 10.0, 2.0]).astype(kind))
    assert codes.tolist() == [0, -1, 1, 0]
    assert texts.tolist() == ["2", "10"]
    codes, texts = codes_of(pd.Series(["2", "10", "1a"]))
    assert (codes.tolist(), texts.tolist()) == ([2, 0, 1], ["10", "1a", "2"])


def test_true_and_one_are_two_labels():
    codes, texts = codes_of(pd.Series([1, True, "1", None], dtype=object))
    assert (codes.tolist(), texts.tolist()) == ([0, 1, 0, -1], ["1", "True"])
