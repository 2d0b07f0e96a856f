import anndata
import numpy as np
import pandas as pd
import pytest

from dpvae._data.section import as_text, check_column, codes_of, section_codes, section_names


def cells(column, **kwargs):
    return anndata.AnnData(
        np.zeros((len(column), 1)),
        obs=pd.DataFrame({"slide": pd.Series(column, **kwargs).to_numpy()}).set_index(
            pd.Index([f"cell {k}" for k in range(len(column))])
        ),
    )


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


@pytest.mark.parametrize(
    ("column", "found"),
    [
        ([1, "b", 1], r"numbers \(such as 1\) and text \(such as 'b'\)"),
        (["1", 1, 2], r"text \(such as '1'\) and numbers \(such as 1\)"),
        ([("a",), "a", "b"], "tuple"),
        ([True, "yes", "no"], "numbers"),
    ],
)
def test_names_of_several_types_are_refused_with_the_call_that_mends_them(column, found):
    adata = cells(column, dtype=object)
    with pytest.raises(ValueError, match=r"adata.obs\['slide'\] mixes") as error:
        check_column(adata, "slide")
    error.match(found)
    error.match(r"adata.obs\['slide'\].astype\(str\)")


def test_sections_have_the_numbers_of_their_sorted_names():
    adata = cells(["b", "a", "b"])
    assert section_names(adata, "slide").tolist() == ["b", "a", "b"]
    assert section_codes(adata, "slide").tolist() == [1, 0, 1]
    assert section_names(adata, None).tolist() == ["", "", ""]
