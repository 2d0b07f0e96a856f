import sys
import warnings

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from dpvae.datasets import simulated_tissue
from dpvae.metrics import false_discovery_rate, kernel_test
from dpvae.tl import spatially_variable_genes

COLUMNS = ["p", "fdr", "share", "length", "share_0.05", "share_0.1", "share_0.2", "share_0.4"]


@pytest.fixture
def sections():
    """Three sections with raw counts in unrelated frames."""
    return simulated_tissue(240, 40, n_sections=3, seed=0)


def test_the_table_is_what_the_test_of_arrays_says(counts):
    found = spatially_variable_genes(counts, copy=True)
    expected = kernel_test(counts.X, counts.obsm["spatial"])
    assert list(found) == COLUMNS
    assert list(found.index) == list(counts.var_names)
    np.testing.assert_allclose(found["p"], expected.p_value)
    np.testing.assert_allclose(found["fdr"], false_discovery_rate(expected.p_value))
    np.testing.assert_allclose(found[COLUMNS[4:]].T, expected.shares)
    np.testing.assert_allclose(found["share"], expected.shares.sum(axis=0))
    largest = expected.lengths[expected.shares.argmax(axis=0)]
    np.testing.assert_allclose(found["length"], largest)
    assert not [column for column in counts.var if "spatial_test" in column]
    assert "spatial_test_params" not in counts.uns


def test_results_are_written_and_survive_h5ad(sections, tmp_path):
    sections.obs["size"] = np.random.default_rng(0).normal(size=240)
    spatially_variable_genes(
        sections, sample_key="section", covariates=["size"], lengths=[0.1, 0.3]
    )
    sections.write_h5ad(tmp_path / "a.h5ad")
    found = ad.read_h5ad(tmp_path / "a.h5ad")
    for name in ("p", "fdr", "share", "length", "share_0.1", "share_0.3"):
        column = f"spatial_test_{name}"
        np.testing.assert_array_equal(found.var[column], sections.var[column])
    params = found.uns["spatial_test_params"]
    assert params["n_cells"] == 240
    assert list(params["covariates"]) == ["size"]
    assert list(params["lengths"]) == [0.1, 0.3]
    assert len(params["sections"]) == 3
    spatially_variable_genes(found, lengths=[0.1, 0.3])  # its own results are replaced
    with pytest.raises(ValueError, match=r"var\['mean_p'\] exists and would be overwritten"):
        spatially_variable_genes(found_with_column(found, "mean_p"), key_added="mean")


def found_with_column(adata, name):
    adata.var[name] = 1.0
    return adata


def test_cells_without_a_place_or_counts_are_left_out(counts):
    counts.layers["raw"] = counts.X.copy()
    counts.X = counts.X * 0.5
    counts.obsm["spatial"][::4] = np.nan
    raw = counts.layers["raw"].toarray()
    raw[1] = 0
    counts.layers["raw"] = raw
    found = spatially_variable_genes(counts, layer="raw", copy=True)
    rest = np.flatnonzero(~np.isnan(counts.obsm["spatial"][:, 0]) & (raw.sum(axis=1) > 0))
    assert len(rest) == 179
    expected = kernel_test(raw[rest], counts.obsm["spatial"][rest])
    np.testing.assert_allclose(found["p"], expected.p_value)


def test_depth_is_that_of_all_genes_and_sections_count_together(sections):
    names = sections.obs["section"].to_numpy()
    found = spatially_variable_genes(sections, sample_key="section", copy=True)
    expected = kernel_test(sections.X, sections.obsm["spatial"], section=names)
    np.testing.assert_allclose(found["p"], expected.p_value)
    moved = sections.copy()
    moved.obsm["spatial"][names == names[0]] *= 1000.0
    other = spatially_variable_genes(moved, sample_key="section", copy=True)
    np.testing.assert_allclose(other["p"], found["p"], rtol=1e-6)


def test_covariates_are_numbers_or_categories(counts):
    rng = np.random.default_rng(0)
    stripe = np.argsort(np.argsort(counts.obsm["spatial"][:, 0])) // 80
    values = rng.poisson(5 + 4.0 * stripe[:, None], size=(240, 40)).astype(float)
    values[:, 1:] = rng.poisson(100.0, size=(240, 39))
    adata = ad.AnnData(values, obsm={"spatial": counts.obsm["spatial"]})
    adata.obs["kind"] = pd.Categorical(np.array(["a", "b", "c"])[stripe])
    adata.obs["text"] = np.array(["x", "y", "z"])[stripe]
    adata.obs["flag"], adata.obs["number"] = stripe == 1, stripe
    plain = spatially_variable_genes(adata, copy=True)["p"]
    assert plain.iloc[0] < 1e-4
    by_kind = spatially_variable_genes(adata, covariates=["kind"], copy=True)["p"]
    assert by_kind.iloc[0] > 0.01
    for covariates in (["text"], ["flag", "number"], "kind"):
        found = spatially_variable_genes(adata, covariates=covariates, copy=True)["p"]
        np.testing.assert_allclose(found, by_kind, rtol=1e-6)


def test_sections_of_a_few_spots_are_left_out_with_a_word(sections):
    names = sections.obs["section"].astype(str).to_numpy()
    names[:3] = "rest"
    sections.obs["name"] = names
    message = r"1 of 4 sections are left out: they have fewer than 20 different places \(rest\)"
    with pytest.warns(UserWarning, match=message):
        found = spatially_variable_genes(sections, sample_key="name", copy=True)
    expected = kernel_test(sections.X[3:], sections.obsm["spatial"][3:], section=names[3:])
    np.testing.assert_allclose(found["p"], expected.p_value)


def test_genes_that_do_not_vary_are_named(counts):
    values = counts.X.toarray()
    values[:, :3] = 0
    counts.X = values
    with pytest.warns(UserWarning, match="3 of 40 genes do not vary"):
        spatially_variable_genes(counts)
    assert counts.var["spatial_test_p"].isna().tolist() == [True] * 3 + [False] * 37
    assert counts.var["spatial_test_length"].isna()[:3].all()
    rest = counts.var["spatial_test_fdr"][3:]
    np.testing.assert_allclose(rest, false_discovery_rate(counts.var["spatial_test_p"][3:]))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"layer": "nothing"}, KeyError, "no adata.layers"),
        ({"layer": "logarithms"}, ValueError, r"layers\['logarithms'\] holds values that are no c"),
        ({"layer": "negative"}, ValueError, r"no counts \(such as -1.0\)"),
        ({"layer": "gaps"}, ValueError, "holds 1 value that is NaN"),
        ({"spatial_key": "nothing"}, KeyError, "no adata.obsm"),
        ({"spatial_key": "few"}, ValueError, r"obsm\['few'\] has 19 different places"),
        ({"spatial_key": "point"}, ValueError, "has 1 different place "),
        ({"sample_key": "nothing"}, KeyError, "no adata.obs"),
        ({"sample_key": "cell"}, ValueError, "1 different place .* in the largest section; 20"),
        ({"covariates": ["nothing"]}, KeyError, "no adata.obs"),
        ({"covariates": 3}, ValueError, "covariates is 3: give a list"),
        ({"covariates": ["cell"]}, ValueError, r"obs\['cell'\]: covariates explain everything"),
        ({"layer": "empty"}, ValueError, r"layers\['empty'\] holds only zeros"),
        ({"covariates": ["missing"]}, ValueError, "is missing for 1 of 240"),
        ({"covariates": ["infinite"]}, ValueError, "holds infinite values"),
        ({"lengths": [0.0]}, ValueError, "lengths is"),
        ({"lengths": 0.1}, ValueError, "lengths is 0.1"),
        ({"key_added": "a/b"}, ValueError, "without a slash"),
        ({"key_added": 3}, ValueError, "key_added is 3"),
        ({"key_added": "taken"}, ValueError, "would be overwritten"),
    ],
)
def test_wrong_input_changes_nothing(counts, options, error, message):
    values = counts.X.toarray()
    counts.layers["empty"] = 0 * values
    counts.layers["logarithms"], counts.layers["negative"] = np.log1p(values), values - 1
    counts.layers["gaps"] = values + np.where(np.arange(values.size) == 7, np.nan, 0).reshape(
        240, 40
    )
    counts.obsm["few"] = np.where(np.arange(240)[:, None] < 19, counts.obsm["spatial"], np.nan)
    counts.obsm["point"] = np.ones((240, 2))
    counts.obs["cell"], counts.obs["missing"] = counts.obs_names, 1.0
    counts.obs["infinite"] = np.where(np.arange(240) == 3, np.inf, 0.0)
    counts.obs.loc[counts.obs_names[0], "missing"] = np.nan
    counts.var["taken_fdr"] = 0.0
    before = counts.copy()
    with pytest.raises(error, match=message):
        spatially_variable_genes(counts, **options)
    pd.testing.assert_frame_equal(counts.var, before.var)
    pd.testing.assert_frame_equal(counts.obs, before.obs)
    assert set(counts.uns) == set(before.uns)


def test_a_column_of_very_many_categories_is_refused():
    adata = simulated_tissue(600, 5, seed=0)
    adata.obs["cell"] = adata.obs_names
    with pytest.raises(ValueError, match="has 600 categories, which explain everything"):
        spatially_variable_genes(adata, covariates=["cell"])


def test_no_cells_or_genes_are_refused(counts):
    with pytest.raises(ValueError, match="has 0 different places"):
        spatially_variable_genes(counts[:0].copy())
    with pytest.raises(ValueError, match="no genes"):
        spatially_variable_genes(counts[:, :0].copy())


@pytest.mark.slow
def test_counts_on_disk_are_read_in_parts(sections, on_disk, monkeypatch):
    sections.var_names = [f"gene_{k}" for k in range(sections.n_vars)]
    expected = spatially_variable_genes(sections, sample_key="section", copy=True)
    monkeypatch.setattr("dpvae._data.some_columns.BYTES_AT_A_TIME", 20_000)
    module, sizes = sys.modules["dpvae.tl.spatially_variable_genes"], []
    compute = module.TissueKernels.test

    def counted(kernels, counts):
        sizes.append(counts.shape[1])
        return compute(kernels, counts)

    monkeypatch.setattr(module.TissueKernels, "test", counted)
    with warnings.catch_warnings(action="ignore"):
        found = spatially_variable_genes(on_disk(sections), sample_key="section", copy=True)
    pd.testing.assert_frame_equal(found, expected, rtol=1e-6)
    assert max(sizes) < 40
    assert sum(sizes) == 40


@pytest.mark.real
def test_genes_shuffled_among_spots_of_like_depth_are_called_by_chance(real_section):
    adata = real_section("visium_v1_adult_mouse_brain")
    rng = np.random.default_rng(0)
    counts = adata.X.toarray()
    depth = counts.sum(axis=1)
    order = np.argsort(depth, kind="stable")
    shuffled = counts.copy()
    for spots in np.array_split(order, len(order) // 50):
        shuffled[spots] = rng.permuted(counts[spots], axis=0)
    p_value = kernel_test(shuffled, adata.obsm["spatial"], depth=depth).p_value
    assert 0.04 < np.mean(p_value < 0.05) < 0.06
    spatially_variable_genes(adata)
    assert (adata.var["spatial_test_fdr"] < 0.05).mean() > 0.95
