import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scanpy as sc
from sklearn.metrics import adjusted_rand_score

from dpvae.geometry.neighborhood import neighborhood_weights
from dpvae.tl import neighborhood_mean, spatial_domains


@pytest.fixture
def striped() -> ad.AnnData:
    """Two sections of three stripes of unlike width, with a latent that hardly tells them apart."""
    rng = np.random.default_rng(0)
    places = rng.uniform(size=(600, 2))
    stripe = np.searchsorted([0.5, 0.8], places[:, 0])
    latent = np.array([[0.0, 0.0, 2.0], [1.5, 0.0, 0.0], [0.0, 1.5, 0.0]])[stripe]
    obs = pd.DataFrame(
        {"stripe": stripe, "slide": np.where(np.arange(600) % 2, "a", "b")},
        index=[f"cell_{row}" for row in range(600)],
    )
    latent = latent + rng.normal(size=(600, 3))
    return ad.AnnData(obs=obs, obsm={"X_latent": latent, "spatial": places})


def domains(adata, **options):
    options = {"use_rep": "X_latent", "n_domains": 3, "copy": True} | options
    return spatial_domains(adata, **options)


def test_stripes_are_found_from_means_and_from_smoothed_probabilities(striped):
    neighborhood_mean(striped, use_rep="X_latent", sample_key="slide")
    truth = striped.obs["stripe"]
    averaged = domains(striped, use_rep="X_latent_neighborhood")
    assert adjusted_rand_score(truth, averaged) > 0.8
    alone = adjusted_rand_score(truth, domains(striped))
    smoothed = adjusted_rand_score(truth, domains(striped, smooth=18, sample_key="slide"))
    assert smoothed > alone + 0.2
    assert averaged.value_counts()[["1", "2", "3"]].is_monotonic_decreasing
    assert adjusted_rand_score(truth == 0, averaged == "1") > 0.8


@pytest.mark.parametrize("smooth", [0, 6])
def test_order_of_cells_and_turn_and_unit_of_the_latent_do_not_matter(striped, smooth):
    expected = domains(striped, smooth=smooth)
    shuffled = striped[np.random.default_rng(1).permutation(600)].copy()
    turn = np.array([[0.6, -0.8, 0.0], [0.8, 0.6, 0.0], [0.0, 0.0, 1.0]])
    shuffled.obsm["X_latent"] = 50.0 * shuffled.obsm["X_latent"] @ turn + 2.0
    found = domains(shuffled, smooth=smooth)
    assert (found[striped.obs_names] == expected).all()


def test_smoothing_averages_over_neighbors_of_the_section(striped):
    striped.obsm["spatial"][::8] = np.nan
    spatial_domains(striped, use_rep="X_latent", n_domains=3, probabilities=True, key_added="raw")
    spatial_domains(
        striped,
        use_rep="X_latent",
        n_domains=3,
        smooth=7,
        sample_key="slide",
        probabilities=True,
    )
    places, section = striped.obsm["spatial"], striped.obs["slide"].to_numpy()
    raw = striped.obsm["raw_probabilities"]
    expected = neighborhood_weights(places, section, 7).toarray() @ raw
    found = striped.obsm["spatial_domain_probabilities"]
    matches = [np.abs(expected - column[:, None]).max(axis=0).argmin() for column in found.T]
    assert sorted(matches) == [0, 1, 2]
    np.testing.assert_allclose(found, expected[:, matches], atol=1e-12)
    likeliest = (found.argmax(axis=1) + 1).astype(str)
    np.testing.assert_array_equal(striped.obs["spatial_domain"], likeliest)
    np.testing.assert_array_equal(found[::8], raw[::8][:, matches])  # unknown places


def test_other_sections_do_not_smooth(striped):
    places = striped.obsm["spatial"]
    is_a = (striped.obs["slide"] == "a").to_numpy()
    before = domains(striped, smooth=6, sample_key="slide")
    places[is_a] = places[is_a][::-1] * [1.0, 3.0]
    after = domains(striped, smooth=6, sample_key="slide")
    names = pd.crosstab(before[~is_a], after[~is_a])
    assert (names.to_numpy() > 0).sum() == 3  # at most other numbers
    assert adjusted_rand_score(before[is_a], after[is_a]) < 0.95


def test_results_survive_a_file_and_are_replaced(striped, tmp_path):
    spatial_domains(striped, use_rep="X_latent", n_domains=4, probabilities=True)
    striped.write_h5ad(tmp_path / "a.h5ad")
    found = ad.read_h5ad(tmp_path / "a.h5ad")
    assert found.obs["spatial_domain"].cat.categories.tolist() == ["1", "2", "3", "4"]
    assert found.uns["spatial_domain_params"]["n_domains"] == 4
    spatial_domains(found, use_rep="X_latent", n_domains=2)
    assert found.obs["spatial_domain"].cat.categories.tolist() == ["1", "2"]
    assert "spatial_domain_probabilities" not in found.obsm


def test_places_are_needed_only_to_smooth(striped):
    expected = domains(striped)
    del striped.obsm["spatial"]
    assert (domains(striped) == expected).all()
    with pytest.raises(KeyError, match="There is no adata"):
        domains(striped, smooth=5)


def test_domains_that_smoothing_empties_are_warned_of(striped):
    with pytest.warns(UserWarning, match=r"1 of 2 domains have cells"):
        found = domains(striped, n_domains=2, smooth=600)
    assert found.cat.categories.tolist() == ["1"]


def test_sections_of_three_cells_and_three_dimensions_are_smoothed(striped):
    striped.obs["few"] = np.arange(600) // 3
    striped.obsm["spatial"] = np.c_[striped.obsm["spatial"], np.zeros(600)]
    spatial_domains(
        striped, use_rep="X_latent", n_domains=3, smooth=18, sample_key="few", probabilities=True
    )
    found = striped.obsm["spatial_domain_probabilities"].reshape(200, 3, 3)
    np.testing.assert_allclose(found, found[:, :1].repeat(3, axis=1), atol=1e-12)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"use_rep": "X_pca"}, KeyError, r"no adata.obsm\['X_pca'\].*'X_latent'.*use_rep"),
        ({"n_domains": 1}, ValueError, "n_domains is 1: give a number from 2 to 600"),
        ({"n_domains": 601}, ValueError, "n_domains is 601: give a number from 2 to 600"),
        ({"n_domains": 2.5}, ValueError, "n_domains is 2.5"),
        ({"n_domains": True}, ValueError, "n_domains is True"),
        ({"method": "kmeans"}, ValueError, r"method is 'kmeans': give one of \['mixture'"),
        ({"smooth": -1}, ValueError, "smooth is -1"),
        ({"smooth": 1.5}, ValueError, "smooth is 1.5"),
        ({"seed": -1}, ValueError, "seed is -1: give an integer from 0 to 4294967295"),
        ({"seed": "a"}, ValueError, "seed is 'a'"),
        ({"smooth": 5, "spatial_key": "no"}, KeyError, "no adata.obsm"),
        ({"sample_key": "no"}, KeyError, "no adata.obs"),
        ({"use_rep": "gaps"}, ValueError, r"adata.obsm\['gaps'\] has NaN"),
        ({"use_rep": "flat"}, ValueError, r"adata.obsm\['flat'\]: all cells have the same"),
        ({"use_rep": "two"}, ValueError, r"adata.obsm\['two'\]: has 2 different rows"),
        ({"key_added": "slide"}, ValueError, "would be overwritten"),
        ({"key_added": "a/b"}, ValueError, "without a slash"),
    ],
)
def test_wrong_input_changes_nothing(striped, options, error, message):
    row = np.arange(600)[:, None]
    striped.obsm["gaps"] = np.where(row < 3, np.nan, [[1.0, 2.0]])
    striped.obsm["flat"] = np.ones((600, 2))
    striped.obsm["two"] = (row % 2) * np.ones((1, 2))
    before = striped.copy()
    with pytest.raises(error, match=message):
        spatial_domains(striped, **({"use_rep": "X_latent", "n_domains": 3} | options))
    pd.testing.assert_frame_equal(striped.obs, before.obs)
    assert set(striped.uns) == set(before.uns)
    assert set(striped.obsm) == set(before.obsm)


@pytest.mark.real
def test_regions_of_a_real_cortex_are_found(real_section):
    adata = real_section("starmap_mpfc_3sections")
    adata = adata[adata.obs["section"] == "20180417_BZ5_control"].copy()
    sc.pp.normalize_total(adata)
    sc.pp.log1p(adata)
    sc.pp.pca(adata, n_comps=20)
    neighborhood_mean(adata)
    region = adata.obs["region"]
    found = domains(adata, use_rep="X_pca_neighborhood", n_domains=region.nunique())
    assert adjusted_rand_score(region, found) > 0.75
    assert adjusted_rand_score(region, domains(adata, use_rep="X_pca", n_domains=4)) < 0.4
