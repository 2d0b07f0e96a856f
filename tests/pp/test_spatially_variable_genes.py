import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from scipy.sparse import csc_matrix, csr_matrix
from tests.conftest import log_normalized

from dpvae.pp import spatially_variable_genes

CHOSEN = "spatially_variable"
RANK, SCORE = f"{CHOSEN}_rank", f"{CHOSEN}_score"


def scores(adata, **options):
    return spatially_variable_genes(adata, copy=True, **options)[SCORE].to_numpy()


def everything(adata):
    return adata.var.copy(), list(adata.obs), list(adata.obsm), list(adata.uns), adata.shape


def test_genes_that_follow_the_tissue_come_first(expression):
    assert not expression.var["is_spatial"].all()
    spatially_variable_genes(expression, n_top_genes=12)
    assert expression.var.loc[expression.var[CHOSEN], "is_spatial"].all()


def test_rank_and_choice_follow_the_score(expression):
    spatially_variable_genes(expression, n_top_genes=7)
    var = expression.var
    assert sorted(var[RANK]) == list(range(40))
    assert var.sort_values(RANK)[SCORE].is_monotonic_decreasing
    assert (var[CHOSEN] == (var[RANK] < 7)).all()
    assert var[CHOSEN].dtype == bool


def test_of_a_small_panel_all_genes_are_chosen(expression):
    spatially_variable_genes(expression)
    assert expression.var[CHOSEN].all()


@pytest.mark.slow
@pytest.mark.parametrize(("n_known", "expected"), [(100, 500), (700, 700), (2300, 2000)])
def test_by_default_as_many_genes_as_known_places(n_known, expected):
    rng = np.random.default_rng(0)
    adata = AnnData(csr_matrix(rng.binomial(1, 0.02, (2400, 2200)).astype(np.float32)))
    adata.obsm["spatial"] = rng.uniform(size=(2400, 2))
    adata.obsm["spatial"][n_known:] = np.nan
    spatially_variable_genes(adata)
    assert adata.var[CHOSEN].sum() == expected


def test_counts_and_their_logarithms_are_scored_alike(counts):
    before = counts.X.copy()
    found = scores(counts)
    assert (before != counts.X).nnz == 0
    np.testing.assert_allclose(found, scores(log_normalized(counts)), rtol=1e-4)
    counts.layers["raw"], counts.X = counts.X, csr_matrix(counts.shape)
    np.testing.assert_array_equal(scores(counts, layer="raw"), found)


def test_cells_without_counts_do_no_harm(counts):
    expected = scores(counts[20:].copy())
    counts.X = csr_matrix(np.r_[np.zeros((20, 40)), counts.X.toarray()[20:]])
    counts.obsm["spatial"][:20] = np.nan
    np.testing.assert_array_equal(scores(counts), expected)


@pytest.mark.parametrize("kind", ["counts", "expression"])
def test_cells_of_unknown_place_do_not_count(kind, request):
    adata = request.getfixturevalue(kind)
    adata.obsm["spatial"][150:] = np.nan
    expected = scores(adata[:150].copy())
    np.testing.assert_allclose(scores(adata), expected, rtol=1e-12)


def test_units_turns_and_the_order_of_cells_and_genes_do_not_matter(expression):
    expected = scores(expression)
    rng = np.random.default_rng(0)
    cells, genes = rng.permutation(240), rng.permutation(40)
    other = expression[cells, genes].copy()
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    other.obsm["spatial"] = 1e4 + 50 * other.obsm["spatial"] @ turn
    np.testing.assert_allclose(scores(other), expected[genes], rtol=1e-6)


def test_the_score_of_sections_is_their_mean(sections):
    sections.obs["section"] = sections.obs["section"].astype(str)
    sections.obsm["spatial"][:30] = np.nan
    names = sections.obs["section"].unique()
    expected = np.zeros(sections.n_vars)
    for name in names:
        part = sections[sections.obs["section"] == name].copy()
        n_known = np.isfinite(part.obsm["spatial"][:, 0]).sum()
        expected += n_known * scores(part) / (sections.n_obs - 30)
    np.testing.assert_allclose(scores(sections, sample_key="section"), expected, rtol=1e-9)


def test_differences_between_sections_do_not_count(sections):
    expected = scores(sections, sample_key="section")
    first = (sections.obs["section"] == sections.obs["section"].iloc[0]).to_numpy()
    values = sections.X.toarray()
    values[first, 5] += 10.0
    sections.X = values
    sections.obsm["spatial"][first] += 1e3
    np.testing.assert_allclose(scores(sections, sample_key="section"), expected, rtol=1e-6)
    assert scores(sections)[5] > 2 * expected[5]


@pytest.mark.parametrize("form", [csr_matrix, csc_matrix, lambda x: x.toarray(), "twice", "table"])
def test_the_form_of_the_values_does_not_matter(form, counts):
    expected = scores(counts)
    if form == "twice":
        one = csr_matrix(counts.X, dtype=np.int64)
        data = np.repeat(one.data, 2)
        data[::2] -= 1
        data[1::2] = 1
        counts.X = csr_matrix((data, np.repeat(one.indices, 2), 2 * one.indptr), one.shape)
    elif form == "table":
        counts.obsm["spatial"] = pd.DataFrame(counts.obsm["spatial"], index=counts.obs_names)
    else:
        counts.X = form(counts.X)
    np.testing.assert_allclose(scores(counts), expected, rtol=1e-12)


@pytest.mark.slow
def test_on_disk_as_in_memory(counts, on_disk):
    expected = scores(counts)
    adata = on_disk(counts)
    spatially_variable_genes(adata, n_top_genes=5)
    np.testing.assert_allclose(adata.var[SCORE], expected, rtol=1e-6)
    assert adata.var[CHOSEN].sum() == 5


def test_a_copy_changes_nothing(expression):
    before = everything(expression)
    table = spatially_variable_genes(expression, n_top_genes=5, copy=True)
    pd.testing.assert_frame_equal(expression.var, before[0])
    assert list(table) == [CHOSEN, RANK, SCORE]
    assert table.index.equals(expression.var_names)
    short = spatially_variable_genes(expression, n_top_genes=5, subset=True, copy=True)
    pd.testing.assert_frame_equal(short, table[table[CHOSEN]])
    assert everything(expression)[1:] == before[1:]


def test_subset_keeps_the_chosen_genes(counts):
    counts.layers["raw"] = counts.X.copy()
    expected = spatially_variable_genes(counts, n_top_genes=5, subset=True, copy=True)
    whole = counts.copy()
    spatially_variable_genes(counts, n_top_genes=5, subset=True)
    assert counts.var_names.equals(expected.index)
    assert counts.layers["raw"].shape == counts.shape == (240, 5)
    np.testing.assert_array_equal(counts.X.toarray(), whole[:, expected.index].X.toarray())


@pytest.mark.parametrize("number", [0, -3, 2.5, True, "20"])
def test_a_number_that_is_none_is_refused(number, expression):
    with pytest.raises(ValueError, match=r"n_top_genes is .*: give a positive integer"):
        spatially_variable_genes(expression, n_top_genes=number)


def spoiled(adata, how):
    values = adata.X.toarray()
    if how == "nan":
        values[3, 5] = np.nan
    elif how == "inf":
        values = np.round(values * 3)
        values[3, 5] = np.inf
    elif how == "half":
        adata.obsm["spatial"][7, 0] = np.nan
    elif how == "two":
        adata.obsm["spatial"][2:] = np.nan
    elif how == "one place":
        adata.obsm["spatial"][:] = 1.0
    elif how == "missing":
        adata.obs["donor"] = [None, *["a"] * 239]
    adata.X = values
    return adata


@pytest.mark.parametrize(
    ("how", "options", "error", "words"),
    [
        ("nan", {}, ValueError, "adata.X holds 1 value that is NaN"),
        ("inf", {}, ValueError, "adata.X holds values that are NaN"),
        ("half", {}, ValueError, r"adata.obsm\['spatial'\] has 1 row that is NaN in part"),
        ("two", {}, ValueError, r"adata.obsm\['spatial'\] is known for 2 of 240 cells"),
        ("one place", {}, ValueError, r"adata.obsm\['spatial'\] is constant"),
        ("missing", {"sample_key": "donor"}, ValueError, r"adata.obs\['donor'\] is missing for 1"),
        ("", {"sample_key": "slide"}, KeyError, r"There is no adata.obs\['slide'\]"),
        ("", {"spatial_key": "places"}, KeyError, r"There is no adata.obsm\['places'\]"),
        ("", {"layer": "raw"}, KeyError, r"There is no adata.layers\['raw'\]"),
    ],
)
def test_what_cannot_be_used_is_named_and_nothing_is_changed(
    how, options, error, words, expression
):
    adata = spoiled(expression, how)
    before = everything(adata)
    with pytest.raises(error, match=words):
        spatially_variable_genes(adata, subset=True, n_top_genes=3, **options)
    pd.testing.assert_frame_equal(adata.var, before[0])
    assert everything(adata)[1:] == before[1:]


def test_genes_of_a_file_or_a_view_are_not_dropped(counts, backed):
    with pytest.raises(ValueError, match=r"adata is on disk.* take .*\.to_memory\(\)"):
        spatially_variable_genes(backed(counts), subset=True)
    view = counts[:200]
    with pytest.raises(ValueError, match=r"adata is a view of another.* take .*\.copy\(\)"):
        spatially_variable_genes(view, subset=True)
    assert view.is_view
    assert CHOSEN not in view.var


def test_a_path_is_not_an_anndata():
    with pytest.raises(TypeError, match="read the file first"):
        spatially_variable_genes("section.h5ad")


@pytest.mark.real
def test_rare_genes_of_a_whole_transcriptome_are_left_out(real_section):
    adata = real_section("whole_transcriptome/st_her2_breast_tumour_G2")
    spatially_variable_genes(adata, n_top_genes=200)
    share = np.asarray((adata.X > 0).mean(axis=0)).ravel()
    chosen = adata.var[CHOSEN].to_numpy()
    assert np.median(share[chosen]) > 3 * np.median(share)
    assert {"ERBB2", "IGKC", "COL1A1"} <= set(adata.var_names[chosen])
