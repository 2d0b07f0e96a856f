import anndata as ad
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba

from dpvae.pl.cell_colors import OKABE_ITO, UNKNOWN, cell_colors


def test_categories_have_one_color_each(tissue: ad.AnnData):
    colors = cell_colors(tissue, "domain")
    codes = tissue.obs["domain"].cat.codes.to_numpy()
    np.testing.assert_allclose(colors.rgba, np.array([to_rgba(c) for c in OKABE_ITO])[codes])
    assert [name for name, _ in colors.categories] == list(tissue.obs["domain"].cat.categories)


def test_colors_that_scanpy_stored_are_kept(tissue: ad.AnnData):
    tissue.uns["section_colors"] = np.array(["#112233"])
    assert cell_colors(tissue, "section").categories == (("section_1", "#112233"),)


@pytest.mark.parametrize("n_categories", [8, 9, 21, 29, 110])
def test_as_many_categories_as_there_are(tissue: ad.AnnData, n_categories: int):
    tissue.obs["group"] = pd.Categorical((np.arange(120) % n_categories).astype(str))
    colors = cell_colors(tissue, "group").categories
    assert len(colors) == n_categories
    assert len({color for _, color in colors}) >= min(n_categories, 100)


def test_missing_categories_are_gray(tissue: ad.AnnData):
    tissue.obs["domain"] = tissue.obs["domain"].where(np.arange(120) > 0)
    colors = cell_colors(tissue, "domain")
    np.testing.assert_array_equal(colors.rgba[0], UNKNOWN)
    assert colors.categories[-1][0] == "not known"


def test_numbers_have_a_scale_and_missing_ones_are_gray(tissue: ad.AnnData):
    tissue.obs["score"] = np.r_[np.nan, np.arange(119.0)]
    colors = cell_colors(tissue, "score")
    assert colors.scale is not None
    assert colors.scale.get_clim() == (0, 118)
    np.testing.assert_array_equal(colors.rgba[0], UNKNOWN)
    np.testing.assert_allclose(colors.rgba[1:], colors.scale.to_rgba(np.arange(119.0)))


def test_gene_is_read_from_sparse_counts(tissue: ad.AnnData):
    colors = cell_colors(tissue, "gene_03")
    assert colors.scale is not None
    counts = tissue.X.toarray()[:, 2]
    np.testing.assert_allclose(colors.rgba, colors.scale.to_rgba(counts))


def test_truth_values_are_categories(tissue: ad.AnnData):
    tissue.obs["held_out"] = np.arange(120) < 5
    assert [name for name, _ in cell_colors(tissue, "held_out").categories] == ["False", "True"]


def test_column_without_any_number(tissue: ad.AnnData):
    tissue.obs["score"] = np.nan
    np.testing.assert_array_equal(cell_colors(tissue, "score").rgba, [UNKNOWN] * 120)


def test_unknown_name(tissue: ad.AnnData):
    with pytest.raises(KeyError, match=r"'layer' is neither.*domain, cell_type, section.*20 genes"):
        cell_colors(tissue, "layer")


def test_legend_and_color_bar(tissue: ad.AnnData):
    ax = plt.figure().subplots()
    cell_colors(tissue, "domain").explain([ax])
    legend = ax.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == [f"domain_{i}" for i in range(1, 6)]
    cell_colors(tissue, "gene_01").explain([ax])
    assert ax.figure.axes[1].get_ylabel() == "gene_01"


def test_stored_colors_that_are_none_are_not_taken(tissue: ad.AnnData):
    plain = cell_colors(tissue, "domain").rgba
    for stored in (["nocolor"] * 5, {"domain_1": "red"}, None, ["red"], "red"):
        tissue.uns["domain_colors"] = stored
        np.testing.assert_array_equal(cell_colors(tissue, "domain").rgba, plain)


def test_what_has_no_color_or_several_is_named(tissue: ad.AnnData):
    tissue.obs["lists"] = [[1]] * 120
    with pytest.raises(ValueError, match=r"adata.obs\['lists'\] holds what has no order and no na"):
        cell_colors(tissue, "lists")
    tissue.var_names = ["twice", "twice", *tissue.var_names[2:]]
    with pytest.raises(ValueError, match=r"2 genes are called 'twice': run adata.var_names_make_u"):
        cell_colors(tissue, "twice")
    cell_colors(tissue, tissue.var_names[5])
    tissue.obs[7] = 1.0
    with pytest.raises(KeyError, match="'layer' is neither"):
        cell_colors(tissue, "layer")
