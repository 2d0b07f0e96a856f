from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy.sparse.csgraph import connected_components
from scipy.spatial import procrustes
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsRegressor, kneighbors_graph

from dpvae.datasets import simulated_tissue
from dpvae.geometry import align


def log_normalized(adata: ad.AnnData) -> np.ndarray:
    counts = adata.X.toarray()
    depths = counts.sum(axis=1, keepdims=True)
    return np.log1p(counts / depths * np.median(depths))


def morans_i(values: np.ndarray, coordinates: np.ndarray) -> np.ndarray:
    weights = kneighbors_graph(coordinates, 5) / 5
    centered = values - values.mean(axis=0)
    return (centered * (weights @ centered)).sum(axis=0) / (centered**2).sum(axis=0)


@pytest.fixture(scope="module")
def tissue() -> ad.AnnData:
    return simulated_tissue()


def test_content(tissue: ad.AnnData):
    assert tissue.shape == (2000, 300)
    assert tissue.X.format == "csr"
    assert tissue.X.dtype == np.float32
    assert tissue.X.data.min() >= 1
    np.testing.assert_array_equal(tissue.X.data, np.round(tissue.X.data))
    assert tissue.obsm["spatial"].dtype == np.float64
    assert [tissue.obs[key].dtype.name for key in ("domain", "cell_type", "section")] == [
        "category"
    ] * 3
    assert tissue.var["is_spatial"].dtype == bool
    assert tissue.obs_names.is_unique
    assert tissue.var_names.is_unique


def test_size_is_that_of_a_tissue_in_micrometers(tissue: ad.AnnData):
    extent = np.ptp(tissue.obsm["spatial"], axis=0)
    assert np.all((extent > 2000) & (extent < 8000))


def test_depth_is_near_what_was_asked(tissue: ad.AnnData):
    assert 400 < tissue.X.sum(axis=1).mean() < 700


def test_same_seed_same_tissue_other_seed_another():
    one, same, other = (simulated_tissue(100, 20, n_sections=2, seed=s) for s in (3, 3, 4))
    np.testing.assert_array_equal(one.X.toarray(), same.X.toarray())
    np.testing.assert_array_equal(one.obsm["spatial"], same.obsm["spatial"])
    assert one.obs.equals(same.obs)
    assert one.var.equals(same.var)
    assert not np.array_equal(one.X.toarray(), other.X.toarray())
    assert not np.array_equal(one.obsm["spatial"], other.obsm["spatial"])


@pytest.mark.parametrize("seed", range(3))
def test_domains_are_contiguous(seed: int):
    adata = simulated_tissue(2000, 10, seed=seed)
    for domain in adata.obs["domain"].cat.categories:
        coordinates = adata.obsm["spatial"][adata.obs["domain"] == domain]
        _, piece = connected_components(kneighbors_graph(coordinates, 6), directed=False)
        assert np.bincount(piece).max() > 0.97 * len(coordinates)


def test_spatial_genes_are_autocorrelated_and_others_are_not(tissue: ad.AnnData):
    moran = morans_i(log_normalized(tissue), tissue.obsm["spatial"])
    is_spatial = tissue.var["is_spatial"].to_numpy()
    assert moran[is_spatial].mean() > 0.1
    assert abs(moran[~is_spatial].mean()) < 0.02
    assert np.median(moran[is_spatial]) > moran[~is_spatial].max()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_places_are_neither_trivial_nor_hopeless_to_predict(seed: int):
    adata = simulated_tissue(seed=seed)
    components = PCA(30, random_state=0).fit_transform(log_normalized(adata))
    places = adata.obsm["spatial"]
    order = np.random.default_rng(0).permutation(adata.n_obs)
    test, train = order[:400], order[400:]
    for regressor in (KNeighborsRegressor(10), Ridge()):
        predicted = regressor.fit(components[train], places[train]).predict(components[test])
        assert 0.08 < procrustes(places[test], predicted)[2] < 0.27


def test_sections_have_the_same_unit_and_unrelated_frames():
    adata = simulated_tissue(1500, 20, n_sections=3)
    table = pd.DataFrame(adata.obsm["spatial"], adata.obs_names)
    by_section = table.groupby(adata.obs["section"], observed=True)
    sizes = np.sqrt(by_section.var().sum(axis=1))
    np.testing.assert_allclose(sizes, sizes.iloc[0], rtol=0.15)
    assert np.linalg.norm(by_section.mean().diff().iloc[1:], axis=1).min() > 100
    layers = table.groupby([adata.obs["section"], adata.obs["domain"]], observed=True).mean()
    first, *others = (layers.loc[section] for section in adata.obs["section"].cat.categories)
    for other in others:
        alignment = align(other, first)
        assert alignment.disparity < 0.1
        assert np.linalg.norm(alignment.rotation - np.eye(2)) > 0.2


def test_cells_are_split_as_evenly_as_possible():
    adata = simulated_tissue(101, 10, n_sections=3)
    assert adata.n_obs == 101
    assert adata.obs["section"].value_counts().sort_index().tolist() == [34, 34, 33]


def test_three_dimensions():
    adata = simulated_tissue(600, 40, n_dims=3, n_sections=2)
    assert adata.obsm["spatial"].shape == (600, 3)
    extent = np.ptp(adata.obsm["spatial"][:300], axis=0)
    assert np.all(extent > 2000)


def test_every_section_has_every_domain(tissue: ad.AnnData):
    assert (tissue.obs["domain"].value_counts() > 100).all()
    assert tissue.obs["domain"].nunique() == 5
    assert tissue.obs["cell_type"].nunique() == 6


def test_h5ad_round_trip(tissue: ad.AnnData, tmp_path: Path):
    tissue.write_h5ad(tmp_path / "tissue.h5ad")
    back = ad.read_h5ad(tmp_path / "tissue.h5ad")
    np.testing.assert_array_equal(back.X.toarray(), tissue.X.toarray())
    np.testing.assert_array_equal(back.obsm["spatial"], tissue.obsm["spatial"])
    assert back.uns["simulated_tissue"]["unit"] == "micrometre"
    assert dict(back.uns["simulated_tissue"]["params"]) == tissue.uns["simulated_tissue"]["params"]
    again = simulated_tissue(**tissue.uns["simulated_tissue"]["params"])
    np.testing.assert_array_equal(again.X.toarray(), tissue.X.toarray())


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ({"n_dims": 4}, "n_dims is 4"),
        ({"n_cells": 30, "n_sections": 2}, r"n_cells / n_sections is 15\.0"),
        ({"n_sections": 0}, "n_sections is 0"),
        ({"n_genes": 0}, "n_genes is 0"),
        ({"n_domains": 0}, "n_domains is 0"),
        ({"batch_effect": -0.1}, r"batch_effect is -0\.1"),
        ({"batch_effect": float("nan")}, "batch_effect is nan"),
        ({"mean_depth": 0.0}, r"mean_depth is 0\.0"),
        ({"mean_depth": float("inf")}, "mean_depth is inf"),
    ],
)
def test_arguments_out_of_range(arguments: dict, found: str):
    with pytest.raises(ValueError, match=found):
        simulated_tissue(**arguments)
