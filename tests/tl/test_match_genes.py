import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

import dpvae


def named(*names, **columns):
    adata = AnnData(np.zeros((2, len(names)), dtype=np.float32))
    adata.var_names = list(names)
    for column, values in columns.items():
        adata.var[column] = values
    return adata


@pytest.mark.parametrize(
    ("query", "how"),
    [
        (named("x", "Sox2"), "same name"),
        (named("x", "SOX2"), "upper or lower case"),
        (named("ENSG9", "ENSG1", symbol=["x", "Sox2"]), "query.var['symbol']"),
        (named("ENSG9", "ENSG1", symbol=["x", "sox2"]), "query.var['symbol'], upper or lower case"),
        (named("x", "ENSG00000181449"), "reference.var['id'], without version"),
    ],
)
def test_a_gene_is_found_under_other_names(query, how):
    reference = named("Sox2", "Pax6", id=["ENSG00000181449.3", "ENSG00000007372.24"])
    table = dpvae.tl.match_genes(query, reference)
    assert table.index.tolist() == ["Sox2", "Pax6"]
    assert table["how"].tolist() == [how, "not found"]
    assert table.loc["Sox2", "query"] == query.var_names[1]
    assert pd.isna(table.loc["Pax6", "query"])


def test_versions_differ_and_names_are_enough():
    query = named("ENSMUSG00000074637.9", "ENSMUSG00000027168")
    genes = ["ENSMUSG00000027168.22", "ENSMUSG00000074637.8"]
    table = dpvae.tl.match_genes(query, np.array(genes))
    assert table["query"].tolist() == ["ENSMUSG00000027168", "ENSMUSG00000074637.9"]
    assert set(table["how"]) == {"without version"}


def test_versions_are_only_those_of_ensembl():
    table = dpvae.tl.match_genes(named("RP11-34.1", "x"), ["RP11-34.2", "x"])
    assert table["how"].tolist() == ["not found", "same name"]


def test_genes_that_differ_in_case_alone_are_not_mixed_up():
    """In flies, dl (dorsal) and Dl (Delta) are two genes."""
    table = dpvae.tl.match_genes(named("dl", "Dl", "H"), ["Dl", "dl", "h"])
    assert table["query"].tolist() == ["Dl", "dl", "H"]
    assert table["how"].tolist() == ["same name", "same name", "upper or lower case"]
    table = dpvae.tl.match_genes(named("dl"), ["Dl", "dl"])
    assert table["how"].tolist() == ["not found", "same name"]


def test_what_is_not_one_to_one_is_reported_and_left_alone():
    query = named("SOX2", "sox2", "PAX6")
    table = dpvae.tl.match_genes(query, ["Sox2", "Pax6", "pAX6"])
    assert table["how"].tolist() == ["ambiguous"] * 3
    assert table["candidates"].tolist() == ["SOX2, sox2", "PAX6", "PAX6"]
    assert table["query"].isna().all()


def test_the_query_is_left_alone_unless_a_renaming_is_asked_for():
    query = named("SOX2", "PAX6", "other", symbol=["a", "b", "c"])
    reference = named("Pax6", "Sox2", "Gata1")
    dpvae.tl.match_genes(query, reference)
    assert query.var_names.tolist() == ["SOX2", "PAX6", "other"]
    dpvae.tl.match_genes(query, reference, rename=True)
    assert query.var_names.tolist() == ["Sox2", "Pax6", "other"]
    assert query.var["original_name"].tolist() == ["SOX2", "PAX6", "other"]
    assert query.var["symbol"].tolist() == ["a", "b", "c"]
    with pytest.raises(ValueError, match="original_name"):
        dpvae.tl.match_genes(query, reference, rename=True)


def test_twenty_thousand_genes_are_found_as_single_ones_are():
    rng = np.random.default_rng(0)
    genes = pd.Index([f"Gene{number}" for number in range(20_000)])
    order = rng.permutation(20_000)
    table = dpvae.tl.match_genes(named(*genes[order].str.upper()), genes)
    np.testing.assert_array_equal(table["query"], genes.str.upper())


def test_nothing_in_common_is_an_error_that_shows_both_kinds_of_names():
    with pytest.raises(ValueError, match=r"like 'Sox2', the query like 'ENSG1'"):
        dpvae.tl.match_genes(named("ENSG1"), ["Sox2"])
    with pytest.raises(ValueError, match=r"of the query occurs more than once"):
        dpvae.tl.match_genes(named("Sox2", "Sox2"), ["Sox2"])


def test_a_model_places_what_was_renamed(expression, trained):
    model = dpvae.model.load(str(trained))
    query = expression[180:].copy()
    expected = model.predict_coordinates(query)
    query.var_names = query.var_names.str.upper()
    with pytest.raises(ValueError, match="none of the reference"):
        model.predict_coordinates(query)
    dpvae.tl.match_genes(query, model.get_var_names(), rename=True)
    np.testing.assert_array_equal(model.predict_coordinates(query), expected)


@pytest.mark.real
def test_fly_genes_in_capitals_are_found_or_reported_but_never_mistaken(real_section):
    atlas, cells = real_section("drosophila_bdtnp"), real_section("drosophila_scrnaseq_dvex")
    assert (dpvae.tl.match_genes(cells, atlas)["how"] == "same name").all()
    collide = cells.var_names.str.upper().duplicated(keep=False)
    capitals = cells[:, ~collide].copy()
    true = dict(zip(capitals.var_names.str.upper(), capitals.var_names, strict=True))
    capitals.var_names = capitals.var_names.str.upper()
    table = dpvae.tl.match_genes(capitals, atlas)
    found = table["query"].dropna()
    assert [true[name] for name in found] == found.index.tolist()
    assert len(found) + collide[cells.var_names.isin(atlas.var_names)].sum() == 84


def test_a_path_is_not_a_list_of_genes(counts):
    with pytest.raises(TypeError, match=r"reference is a str, not an AnnData: read the file first"):
        dpvae.tl.match_genes(counts, "reference.h5ad")


def test_no_genes_at_all_are_refused(counts):
    with pytest.raises(ValueError, match="The reference has 0 genes"):
        dpvae.tl.match_genes(counts, [])


@pytest.mark.parametrize("reference", [None, 3])
def test_what_names_no_genes_is_refused(reference):
    with pytest.raises(TypeError, match=r"reference is a .*, not an AnnData"):
        dpvae.tl.match_genes(named("a", "b"), reference)
