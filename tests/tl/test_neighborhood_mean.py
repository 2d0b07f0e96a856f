import numpy as np
import pytest

from dpvae.tl import neighborhood_mean


@pytest.fixture
def represented(sections):
    sections.obsm["X_pca"] = np.random.default_rng(0).normal(size=(240, 4)).astype(np.float32)
    sections.obsm["spatial"] = sections.obsm["spatial"].astype(float)
    sections.obsm["spatial"][::9] = np.nan
    return sections


def test_means_are_those_of_a_loop(represented):
    neighborhood_mean(represented, n_neighbors=6, sample_key="section")
    found = represented.obsm["X_pca_neighborhood"]
    places, values = represented.obsm["spatial"], represented.obsm["X_pca"].astype(float)
    section = represented.obs["section"].to_numpy()
    for row in range(240):
        distance = np.linalg.norm(places - places[row], axis=1)
        distance[(section != section[row]) | np.isnan(distance)] = np.inf
        nearest = np.argsort(distance)[:7] if np.isfinite(places[row]).all() else [row]
        np.testing.assert_allclose(found[row], values[nearest].mean(axis=0), atol=1e-12)


def test_all_neighbors_give_the_mean_of_the_section(represented):
    found = neighborhood_mean(represented, n_neighbors=1000, sample_key="section", copy=True)
    known = np.isfinite(represented.obsm["spatial"]).all(axis=1)
    for name in represented.obs["section"].unique():
        cells = known & (represented.obs["section"] == name).to_numpy()
        expected = represented.obsm["X_pca"][cells].mean(axis=0, dtype=float)
        np.testing.assert_allclose(found[cells], np.tile(expected, (cells.sum(), 1)), atol=1e-7)
    assert "X_pca_neighborhood" not in represented.obsm


def test_own_results_are_replaced_and_settings_written(represented):
    neighborhood_mean(represented, key_added="mean")
    first = represented.obsm["mean"].copy()
    neighborhood_mean(represented, key_added="mean", n_neighbors=3)
    assert np.abs(represented.obsm["mean"] - first).max() > 0.1
    assert represented.uns["mean_params"]["n_neighbors"] == 3


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"use_rep": "X_latent"}, KeyError, r"no adata.obsm\['X_latent'\].*X_pca"),
        ({"spatial_key": "nowhere"}, KeyError, "no adata.obsm"),
        ({"sample_key": "nothing"}, KeyError, "no adata.obs"),
        ({"n_neighbors": 0}, ValueError, "n_neighbors is 0"),
        ({"n_neighbors": 2.5}, ValueError, "n_neighbors is 2.5"),
        ({"use_rep": "gaps"}, ValueError, r"adata.obsm\['gaps'\] has NaN .* in 3 of 240 cells"),
        ({"spatial_key": "unknown"}, ValueError, "is known for 2 of 240 cells"),
        ({"key_added": "X_pca"}, ValueError, "would be overwritten"),
        ({"key_added": "spatial"}, ValueError, "would be overwritten"),
    ],
)
def test_wrong_input_changes_nothing(represented, options, error, message):
    row = np.arange(240)[:, None]
    represented.obsm["gaps"] = np.where(row < 3, np.nan, [[1.0, 2.0]])
    represented.obsm["unknown"] = np.where(row < 2, row * 1.0, [[np.nan, np.nan]])
    before = set(represented.uns), set(represented.obsm), represented.obsm["X_pca"].copy()
    with pytest.raises(error, match=message):
        neighborhood_mean(represented, **options)
    assert (set(represented.uns), set(represented.obsm)) == before[:2]
    np.testing.assert_array_equal(represented.obsm["X_pca"], before[2])
