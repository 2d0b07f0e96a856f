import numpy as np
import pytest
import scanpy as sc
from anndata import AnnData
from scipy.sparse import csr_matrix
from sklearn.decomposition import PCA
from sklearn.neighbors import KNeighborsRegressor, NearestNeighbors
from tests.conftest import log_normalized

import dpvae
from dpvae.datasets import simulated_tissue
from dpvae.geometry.likely_positions import fit_likely_positions
from dpvae.tl import paint


@pytest.fixture
def halves(expression):
    """Cells without coordinates, and a reference that lacks the last ten genes."""
    query, reference = expression[:120].copy(), expression[120:, :30].copy()
    del query.obsm["spatial"]
    return query, reference


def correlations(found, true):
    return [np.corrcoef(one, two)[0, 1] for one, two in zip(found.T, true.T, strict=True)]


def test_patterns_are_those_of_a_naive_computation(halves):
    query, reference = halves
    genes = list(query.var_names[30:35])
    painted = paint(query, reference, genes)
    shared = reference.var_names.sort_values()
    near = NearestNeighbors(n_neighbors=10).fit(reference.obsm["spatial"])
    around = near.kneighbors(reference.obsm["spatial"])[1]
    means = reference[:, shared].X.toarray()[around].mean(axis=1).astype("f4")
    likely = fit_likely_positions(query[:, shared].X.toarray(), means)
    weight = likely.probabilities(query[:, shared].X.toarray())
    expected = weight.T @ query[:, genes].X.toarray() / weight.sum(axis=0)[:, None]
    np.testing.assert_allclose(painted.X, expected, rtol=1e-4)
    how = painted.uns["dpvae_paint"]
    assert how["n_genes"] == 30
    assert how["sharpness"] == pytest.approx(likely.sharpness, rel=1e-4)
    assert how["hidden_correlation"] == pytest.approx(likely.hidden_correlation, rel=1e-4)


def by_mean_places(query, reference, genes):
    """Mean of the 20 cells placed nearest, where places are means over similar positions."""
    shared, places = reference.var_names, reference.obsm["spatial"]
    components = PCA(10, random_state=0).fit(reference.X.toarray())
    regression = KNeighborsRegressor(10).fit(components.transform(reference.X.toarray()), places)
    placed = regression.predict(components.transform(query[:, shared].X.toarray()))
    return KNeighborsRegressor(20).fit(placed, query[:, genes].X.toarray()).predict(places)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_hidden_genes_are_drawn_better_than_by_mean_places(seed):
    tissue = log_normalized(simulated_tissue(1200, 120, seed=seed))
    hidden = np.flatnonzero(tissue.var["is_spatial"])[::3]
    query, reference = tissue[:600].copy(), tissue[600:, np.setdiff1d(np.arange(120), hidden)]
    genes, places = list(tissue.var_names[hidden]), reference.obsm["spatial"]
    true = KNeighborsRegressor(10).fit(places, tissue[600:, genes].X.toarray()).predict(places)
    ours = correlations(paint(query, reference, genes).X, true)
    assert np.mean(ours) > np.mean(correlations(by_mean_places(query, reference, genes), true))


def test_stripes_are_not_blurred():
    rng = np.random.default_rng(0)
    places = rng.uniform(size=(1000, 2))
    stripes = np.cos(2 * np.pi * (4 * places[:, :1] + rng.uniform(size=60)))
    rate = np.hstack([1 + stripes, 1 + np.cos(2 * np.pi * (places[:, 1:] + rng.uniform(size=20)))])
    tissue = AnnData(csr_matrix(np.log1p(rng.poisson(2 * rate))), obsm={"spatial": places})
    query, reference, genes = tissue[:500].copy(), tissue[500:, 10:], list(tissue.var_names[:10])
    true = rate[500:, :10]
    ours = np.mean(correlations(paint(query, reference, genes).X, true))
    assert ours > 0.9
    assert ours > np.mean(correlations(by_mean_places(query, reference, genes), true)) + 0.5


def test_genes_are_matched_by_name_and_cells_stand_for_themselves(halves):
    query, reference = halves
    genes = list(query.var_names[30:33])
    expected = paint(query, reference, genes)
    order = np.random.default_rng(0).permutation(query.n_vars)
    turned = paint(query[:, order].copy(), reference[:, ::-1].copy(), genes[::-1])
    np.testing.assert_allclose(
        turned[:, genes].X, expected.X, atol=0.1 * np.ptp(expected.X)
    )  # other genes are hidden together
    reference.obsm["spatial"] = -3.0 * reference.obsm["spatial"] + 7.0
    np.testing.assert_array_equal(paint(query, reference, genes).X, expected.X)


def test_order_of_genes_and_cells_does_not_matter(halves):
    query, reference = halves
    genes = list(query.var_names[30:35])
    expected = paint(query, reference, genes)
    rng = np.random.default_rng(0)
    mixed = query[rng.permutation(120), rng.permutation(query.n_vars)].copy()
    other = reference[:, rng.permutation(30)].copy()
    found = paint(mixed, other, genes)
    np.testing.assert_allclose(found.X, expected.X, rtol=1e-3, atol=1e-5)
    assert found.uns["dpvae_paint"]["sharpness"] == pytest.approx(
        expected.uns["dpvae_paint"]["sharpness"], rel=1e-3
    )


def test_result_is_an_anndata_of_the_positions(halves):
    query, reference = halves
    reference.obsm["spatial"][:5] = np.nan
    query.var["symbol"] = [f"symbol of {name}" for name in query.var_names]
    painted = paint(query, reference)
    assert painted.shape == (115, 40)
    assert list(painted.obs_names) == list(reference.obs_names[5:])
    assert painted.var["symbol"].equals(query.var["symbol"])
    np.testing.assert_array_equal(painted.obsm["spatial"], reference.obsm["spatial"][5:])
    assert painted.obs["domain"].equals(reference.obs["domain"][5:])
    low, high = query.X.toarray().min(axis=0), query.X.toarray().max(axis=0)
    assert ((low - 1e-6 < painted.X) & (high + 1e-6 > painted.X)).all()


def test_cells_of_unknown_place_do_not_count(halves):
    query, reference = halves
    without = paint(query, reference[10:].copy(), query.var_names[30:])
    reference.obsm["spatial"][:10] = np.nan
    with_them = paint(query, reference, query.var_names[30:])
    np.testing.assert_array_equal(with_them.X, without.X)


def test_layers_are_read(halves):
    query, reference = halves
    expected = paint(query, reference, "gene_35").X
    for part in (query, reference):
        part.layers["logs"], part.X = part.X, None
    np.testing.assert_array_equal(paint(query, reference, "gene_35", layer="logs").X, expected)


@pytest.mark.slow
def test_expression_on_disk_gives_the_same(halves, on_disk):
    query, reference = halves
    expected = paint(query, reference).X
    found = paint(on_disk(query, "query"), on_disk(reference, "reference"))
    np.testing.assert_allclose(found.X, expected, rtol=1e-5, atol=1e-6)


def test_blocks_of_cells_do_not_matter(halves, monkeypatch):
    query, reference = halves
    expected = paint(query, reference).X
    monkeypatch.setattr(dpvae.geometry.likely_positions, "MOST_CELLS_AT_ONCE", 7)
    np.testing.assert_allclose(paint(query, reference).X, expected, rtol=1e-4, atol=1e-6)


def test_result_survives_h5ad(halves, tmp_path):
    painted = paint(*halves, ["gene_31"])
    painted.write_h5ad(tmp_path / "painted.h5ad")
    assert sc.read_h5ad(tmp_path / "painted.h5ad").uns["dpvae_paint"] == painted.uns["dpvae_paint"]


def test_cells_of_another_tissue_are_warned_of(halves):
    query, reference = halves
    rng = np.random.default_rng(0)
    other = AnnData(rng.exponential(size=query.shape), query.obs, query.var)
    with pytest.warns(UserWarning, match="normalised alike and show the same tissue"):
        paint(other, reference, ["gene_31"])


def test_wrong_input_is_named_and_changes_nothing(halves, counts):
    query, reference = halves
    before = [(part.copy(), part) for part in (query, reference)]
    with pytest.raises(KeyError, match=r"2 of the 3 genes to draw are not in query\.var_names"):
        paint(query, reference, ["gene_01", "Sox2", "Pax6"])
    with pytest.raises(ValueError, match="genes holds 2 names, 1 of them different"):
        paint(query, reference, ["gene_01", "gene_01"])
    with pytest.raises(ValueError, match="genes holds 0 names"):
        paint(query, reference, [])
    with pytest.raises(ValueError, match="query and reference share 4 genes, 10 are needed"):
        paint(query, reference[:, :4].copy())
    with pytest.raises(ValueError, match="query has 3 cells and reference 120"):
        paint(query[:3].copy(), reference)
    with pytest.raises(ValueError, match=r"query\.X holds raw counts"):
        paint(counts, reference)
    with pytest.raises(ValueError, match=r"reference\.X holds raw counts"):
        paint(query, counts)
    with pytest.raises(KeyError, match=r"no reference\.obsm\['where'\]"):
        paint(query, reference, spatial_key="where")
    twice = query.copy()
    twice.var_names = ["gene_02", *twice.var_names[1:]]
    with pytest.raises(ValueError, match="1 gene name of query occurs more than once"):
        paint(twice, reference)
    for copy, part in before:
        assert set(part.uns) == set(copy.uns)
        assert set(part.obs) == set(copy.obs)
        np.testing.assert_array_equal(part.X.toarray(), copy.X.toarray())


@pytest.mark.real
def test_cells_of_an_embryo_draw_genes_that_the_atlas_was_not_shown(real_section):
    atlas, cells = real_section("drosophila_bdtnp"), real_section("drosophila_scrnaseq_dvex")
    hidden = np.sort(np.random.default_rng(0).permutation(84)[14:28])
    shown = np.setdiff1d(np.arange(84), hidden)
    sc.pp.normalize_total(cells, target_sum=1e4)
    sc.pp.log1p(cells)
    cells = cells[:, atlas.var_names].copy()
    stain = np.asarray(atlas.X.todense() if hasattr(atlas.X, "todense") else atlas.X)
    atlas.X = np.log1p(stain / stain.mean(axis=0) * np.expm1(cells.X.toarray()).mean(axis=0))
    painted = paint(cells, atlas[:, shown].copy(), list(atlas.var_names[hidden]))
    reached = np.mean(correlations(painted.X, stain[:, hidden]))
    assert reached > 0.45
    assert painted.uns["dpvae_paint"]["hidden_correlation"] > 0.45
