import anndata
import numpy as np
import pandas as pd
import pytest

from dpvae._data.section import check_column, section_codes, section_names


def cells(column, **kwargs):
    return anndata.AnnData(
        np.zeros((len(column), 1)),
        obs=pd.DataFrame({"slide": pd.Series(column, **kwargs).to_numpy()}).set_index(
            pd.Index([f"cell {k}" for k in range(len(column))])
        ),
    )


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


def test_a_missing_column_is_answered_with_those_of_the_user_and_the_argument():
    adata = cells(["a", "b"])
    adata.obs["_scvi_batch"] = 0
    found = r"no query.obs\['Slide'\]: obs has \['slide'\]. Name the right column with sample_key=…"
    found += ", or leave it out if all cells are of one section."
    with pytest.raises(KeyError, match=found):
        check_column(adata, "Slide", name="query", argument="sample_key")


def test_sections_have_the_numbers_of_their_sorted_names():
    adata = cells(["b", "a", "b"])
    assert section_names(adata, "slide").tolist() == ["b", "a", "b"]
    assert section_codes(adata, "slide").tolist() == [1, 0, 1]
    assert section_names(adata, None).tolist() == ["", "", ""]
