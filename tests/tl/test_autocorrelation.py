import sys
import warnings

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scanpy as sc
import squidpy as sq

from dpvae.tl import autocorrelation


def test_agrees_with_squidpy_over_its_graph(expression):
    sq.gr.spatial_neighbors_knn(expression, n_neighs=5)
    autocorrelation(expression, connectivity_key="spatial_connectivities")
    table = expression.uns["dpvae_autocorrelation"].set_index("variable")
    for mode, name in (("moran", "I"), ("geary", "C")):
        theirs = sq.gr.spatial_autocorr(
            expression, mode=mode, transformation=False, copy=True, show_progress_bar=False
        )[name]
        ours = table["morans_i" if mode == "moran" else "gearys_c"]
        np.testing.assert_allclose(ours[theirs.index], theirs, atol=1e-4)


def test_the_default_graph_is_five_neighbors(expression):
    sq.gr.spatial_neighbors_knn(expression, n_neighs=5)
    graph = expression.obsp["spatial_connectivities"]
    expected = sc.metrics.morans_i(graph, expression.X.T)
    found = autocorrelation(expression, copy=True)
    np.testing.assert_allclose(found["morans_i"], expected, atol=1e-4)


def test_sections_are_by_themselves(sections):
    joint = autocorrelation(sections, sample_key="section", use_rep="spatial", copy=True)
    for name in sections.obs["section"].unique():
        alone = sections[sections.obs["section"] == name].copy()
        expected = autocorrelation(alone, use_rep="spatial", copy=True)
        found = joint[joint["section"] == str(name)].reset_index(drop=True)
        columns = ["morans_i", "gearys_c", "morans_i_p", "gearys_c_fdr"]
        pd.testing.assert_frame_equal(found[columns], expected[columns])


def test_genes_layers_and_cells_without_a_place(counts):
    counts.layers["raw"] = counts.X.copy()
    counts.X = counts.X * 0
    counts.obsm["spatial"][:30] = np.nan
    genes = list(counts.var_names[[5, 2]])
    found = autocorrelation(counts, genes=genes, layer="raw", n_permutations=5, copy=True)
    assert found["variable"].tolist() == genes
    rest = counts[30:].copy()
    expected = autocorrelation(rest, layer="raw", copy=True).set_index("variable").loc[genes]
    np.testing.assert_allclose(found["morans_i"], expected["morans_i"])
    assert found["morans_i_p_permutation"].between(1 / 6, 1).all()
    assert "dpvae_autocorrelation" not in counts.uns


def test_duplicated_places_are_neighbors_but_no_cell_its_own(expression):
    expression.obsm["spatial"][:120] = expression.obsm["spatial"][120:]
    found = autocorrelation(expression, use_rep="spatial", n_neighbors=1, copy=True)
    np.testing.assert_allclose(found["gearys_c"], 0.0, atol=1e-12)


def test_the_table_survives_h5ad(expression, tmp_path):
    autocorrelation(expression)
    expression.write_h5ad(tmp_path / "a.h5ad")
    found = ad.read_h5ad(tmp_path / "a.h5ad").uns["dpvae_autocorrelation"]
    expected = expression.uns["dpvae_autocorrelation"]
    np.testing.assert_allclose(found["gearys_c"], expected["gearys_c"])
    autocorrelation(expression)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"use_rep": "X_pca"}, KeyError, "no adata.obsm"),
        ({"genes": ["nothing"]}, KeyError, "1 of 1 genes are not in"),
        ({"layer": "raw"}, KeyError, "no adata.layers"),
        ({"connectivity_key": "graph"}, KeyError, "no adata.obsp.*spatial_neighbors_knn"),
        ({"spatial_key": "nowhere"}, KeyError, "no adata.obsm"),
        ({"n_neighbors": 0}, ValueError, "n_neighbors is 0"),
        ({"n_neighbors": "5"}, ValueError, "n_neighbors is '5': give a positive integer"),
        ({"use_rep": "gaps"}, ValueError, r"^adata.obsm\['gaps'\]: values hold 6 NaN"),
        ({"use_rep": "spatial", "layer": "raw"}, ValueError, "but not both"),
        ({"key_added": "log1p"}, ValueError, "would be overwritten"),
        ({"sample_key": "cell"}, ValueError, "has 1 cell of known place"),
    ],
)
def test_wrong_input_changes_nothing(expression, options, error, message):
    expression.obs["cell"] = expression.obs_names
    expression.obsm["gaps"] = np.where(np.arange(240)[:, None] < 3, np.nan, [[1.0, 2.0]])
    before = set(expression.uns)
    with pytest.raises(error, match=message):
        autocorrelation(expression, **options)
    assert set(expression.uns) == before


def test_no_cells_are_refused(expression):
    with pytest.raises(ValueError, match="adata has no cells"):
        autocorrelation(expression[:0].copy())


@pytest.mark.real
def test_layer_genes_of_a_real_section_are_autocorrelated(real_section):
    adata = real_section("visium_v1_adult_mouse_brain")
    autocorrelation(adata)
    table = adata.uns["dpvae_autocorrelation"]
    assert (table["morans_i_fdr"] < 0.01).mean() > 0.9
    np.random.default_rng(0).shuffle(adata.obsm["spatial"])
    shuffled = autocorrelation(adata, copy=True)
    assert (shuffled["morans_i_fdr"] < 0.01).mean() < 0.01


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"genes": ["gene_3", "gene_17"]}])
def test_genes_on_disk_are_read_in_parts(options, sections, on_disk, monkeypatch):
    sections.var_names = [f"gene_{k}" for k in range(sections.n_vars)]
    options = options | {"sample_key": "section", "n_permutations": 3, "copy": True}
    module = sys.modules["dpvae.tl.autocorrelation"]
    monkeypatch.setattr("dpvae._data.some_columns.BYTES_AT_A_TIME", 2_000)
    sizes, compute = [], module.autocorrelation_of

    def counted(values, *args, **kwargs):
        sizes.append(values.shape[1])
        return compute(values, *args, **kwargs)

    with warnings.catch_warnings(action="ignore"):
        expected = autocorrelation(sections, **options)
        monkeypatch.setattr(module, "autocorrelation_of", counted)
        found = autocorrelation(on_disk(sections), **options)
    pd.testing.assert_frame_equal(found, expected, rtol=1e-6)
    assert max(sizes) < 20
    assert sum(sizes) == len(expected)


def test_graphs_and_representations_of_dask_are_taken(expression):
    dask = pytest.importorskip("dask.array")
    sq.gr.spatial_neighbors_knn(expression, n_neighs=5)
    graph = expression.obsp["spatial_connectivities"]
    options = {"use_rep": "spatial", "connectivity_key": "graph", "copy": True}
    expression.obsp["graph"] = graph
    expected = autocorrelation(expression, **options)
    expression.obsp["graph"] = dask.from_array(graph, chunks=(100, 240), asarray=False)
    expression.obsm["spatial"] = dask.from_array(expression.obsm["spatial"], chunks=(50, 2))
    pd.testing.assert_frame_equal(autocorrelation(expression, **options), expected)
