import numpy as np
import pytest

from dpvae import metrics
from dpvae.cli.held_out import hide_places, knn_coordinates, ridge_coordinates, score_table


def test_last_fifth_of_the_permutation_is_hidden(expression):
    reference, query = hide_places(expression, spatial_key="spatial", seed=0)
    expected = np.sort(np.random.RandomState(0).permutation(240)[192:])
    assert query.obs_names.tolist() == expression.obs_names[expected].tolist()
    assert set(reference.obs_names).isdisjoint(query.obs_names)
    assert "spatial" not in query.obsm
    assert "spatial" in expression.obsm


def test_ridge_recovers_a_linear_map_and_knn_a_smooth_one():
    rng = np.random.default_rng(0)
    expression = rng.normal(size=(500, 3))
    coordinates = expression @ rng.normal(size=(3, 2)) + 100
    train, test = slice(400), slice(400, None)
    ridge = ridge_coordinates(expression[train], coordinates[train], expression[test])
    knn = knn_coordinates(expression[train], coordinates[train], expression[test])
    np.testing.assert_allclose(ridge, coordinates[test], atol=0.1)
    assert np.abs(knn - coordinates[test]).mean() < 0.5 * coordinates.std()


def test_scores_of_perfect_and_random_places(expression):
    true = expression.obsm["spatial"]
    random = np.random.default_rng(0).permutation(true)
    table = score_table(true, {"perfect": true, "random": random}, np.zeros(240, dtype="<U1"))
    perfect = table.loc["perfect"]
    assert perfect["procrustes_disparity"] == pytest.approx(0, abs=1e-9)
    assert perfect["median_error"] == 0
    assert perfect[
        ["distance_spearman", "neighbor_overlap", "spread_ratio"]
    ].tolist() == pytest.approx([1, 1, 1])
    assert table.loc["random", "procrustes_disparity"] > 0.9
    assert table.loc["random", "neighbor_overlap"] < 0.2


def test_scores_are_averaged_over_sections(expression):
    true = expression.obsm["spatial"]
    names = np.where(np.arange(240) < 60, "a", "b")
    mixed = true.copy()
    mixed[:60] = np.random.default_rng(0).permutation(true[:60])
    table = score_table(true, {"mixed": mixed}, names)
    only_a = score_table(true[:60], {"mixed": mixed[:60]}, names[:60])
    assert table["procrustes_disparity"].iloc[0] == pytest.approx(
        only_a["procrustes_disparity"].iloc[0] / 2
    )


def test_columns_are_scores_of_the_table(expression):
    true = expression.obsm["spatial"]
    found = true + np.random.default_rng(0).normal(0, 100, true.shape)
    row = score_table(true, {"found": found}, np.zeros(240, dtype="<U1")).loc["found"].to_dict()
    assert row == metrics.score_places(true, found, row)
