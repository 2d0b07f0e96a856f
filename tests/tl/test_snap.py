import numpy as np
import pytest
import squidpy as sq
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_matrix
from scipy.spatial.distance import cdist

import dpvae
from dpvae.geometry import Posterior


@pytest.fixture
def spots(expression):
    """Forty measured positions, on which the cells of a section are placed with noise."""
    noise = np.random.default_rng(0).normal(0, 100, (240, 2))
    expression.obsm["spatial_dpvae"] = expression.obsm["spatial"] + noise
    return expression.obsm["spatial"][::6].copy()


def test_cells_move_to_positions_with_room(expression, spots):
    before = expression.obsm["spatial_dpvae"].copy()
    dpvae.tl.snap(expression, spots, capacity=6)
    position = expression.obs["spatial_dpvae_snapped_position"].to_numpy()
    snapped = expression.obsm["spatial_dpvae_snapped"]
    np.testing.assert_array_equal(snapped, spots[position])
    np.testing.assert_array_equal(np.bincount(position), np.full(40, 6))
    distance = np.linalg.norm(before - spots[position], axis=1)
    np.testing.assert_allclose(expression.obs["spatial_dpvae_snapped_distance"], distance)
    np.testing.assert_array_equal(expression.obsm["spatial_dpvae"], before)
    copied = dpvae.tl.snap(expression, spots, capacity=6, copy=True)
    np.testing.assert_array_equal(copied, snapped)


def test_result_can_be_saved(expression, spots, tmp_path):
    for capacity, key in ((np.full(40, 6), "one_each"), (None, "any")):
        dpvae.tl.snap(expression, spots, capacity=capacity, key_added=key)
    expression.write_h5ad(tmp_path / "snapped.h5ad")


def test_cells_without_a_place_stay_so(expression, spots):
    expression.obsm["spatial_dpvae"][:7] = np.nan
    dpvae.tl.snap(expression, spots, capacity=None)
    assert np.isnan(expression.obsm["spatial_dpvae_snapped"][:7]).all()
    assert (expression.obs["spatial_dpvae_snapped_position"][:7] == -1).all()
    assert expression.obs["spatial_dpvae_snapped_distance"].isna().sum() == 7


def test_nothing_is_written_where_cells_do_not_fit(expression, spots):
    keys = set(expression.obs), set(expression.obsm), set(expression.uns)
    with pytest.raises(ValueError, match="Pass capacity=6"):
        dpvae.tl.snap(expression, spots)
    with pytest.raises(ValueError, match="would be overwritten"):
        dpvae.tl.snap(expression, spots, key_added="spatial", capacity=None)
    assert (set(expression.obs), set(expression.obsm), set(expression.uns)) == keys


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Calling `spatial_neighbors`:FutureWarning")
def test_squidpy_finds_the_neighborhoods_of_the_tissue(expression, spots):
    """Neighbouring types are the same at the true places and at six cells per spot."""
    dpvae.tl.snap(expression, spots, capacity=6)
    expression.obs["domain"] = expression.obs["domain"].astype("category")
    found = {}
    for key in ("spatial", "spatial_dpvae_snapped"):
        sq.gr.spatial_neighbors(expression, spatial_key=key, coord_type="generic", n_neighs=10)
        sq.gr.nhood_enrichment(expression, "domain", seed=0, show_progress_bar=False)
        found[key] = expression.uns["domain_nhood_enrichment"]["zscore"].ravel()
    assert np.corrcoef(*found.values())[0, 1] > 0.9


def test_positions_are_coordinates(placed):
    placed.obsm["spatial_dpvae"] = placed.obsm["spatial"].copy()
    with pytest.raises(TypeError, match=r"positions is of type AnnData: give the coordinates"):
        dpvae.tl.snap(placed, placed)


def test_messages_name_the_key(expression, spots):
    with pytest.raises(ValueError, match=r"^adata.obsm\['spatial_dpvae'\]: .* positions 3"):
        dpvae.tl.snap(expression, np.c_[spots, spots[:, 0]])


@pytest.fixture
def mirrored(expression):
    """Cells that hardly say on which of two sides they are, and are placed on the midline."""
    places = expression.obsm["spatial"] - expression.obsm["spatial"].mean(axis=0)
    expression.obsm["spatial"] = places
    width = 0.05 * np.ptp(places[:, 0])
    here, there = (np.exp(-((cdist(places, places * x) / width) ** 2)) for x in (1, [-1, 1]))
    dense = 0.6 * here + 0.4 * there
    chance = csr_matrix(dense / dense.sum(axis=1, keepdims=True))
    found = Posterior(places, chance, np.arange(240), np.ones(240))
    expression.obsm["spatial_dpvae"] = found.mean()
    return expression, found


@pytest.mark.parametrize("capacity", [1, 2, None])
def test_by_a_posterior_cells_go_to_one_of_two_sides(mirrored, capacity):
    cells, found = mirrored
    true = cells.obsm["spatial"]
    error = {}
    for name, given in (("places", None), ("posterior", found)):
        snapped = dpvae.tl.snap(cells, true, given, capacity=capacity, copy=True)
        error[name] = np.linalg.norm(snapped - true, axis=1).mean()
    assert error["posterior"] < 0.7 * error["places"]


def test_with_a_posterior_the_expected_distance_is_least(mirrored, tmp_path):
    cells, found = mirrored
    dpvae.tl.snap(cells, cells.obsm["spatial"], found)
    costs = found.expected_distance(cells.obsm["spatial"])
    best = costs[linear_sum_assignment(costs)].sum()
    chosen = cells.obs["spatial_dpvae_snapped_position"].to_numpy()
    assert costs[np.arange(240), chosen].sum() == pytest.approx(best, rel=1e-5)
    assert cells.uns["spatial_dpvae_snapped_params"]["posterior"]
    cells.write_h5ad(tmp_path / "snapped.h5ad")


def test_with_a_posterior_cells_without_a_place_stay_so(mirrored):
    cells, found = mirrored
    cells.obsm["spatial_dpvae"][:7] = np.nan
    snapped = dpvae.tl.snap(cells, cells.obsm["spatial"][7:], found, copy=True)
    assert np.isnan(snapped[:7]).all()
    others = cells[7:].copy()
    alone = dpvae.tl.snap(others, others.obsm["spatial"], found.of(np.arange(7, 240)), copy=True)
    np.testing.assert_array_equal(snapped[7:], alone)


def test_posterior_of_other_cells_is_refused(mirrored):
    cells, found = mirrored
    with pytest.raises(ValueError, match="posterior is of 7 cells, adata has 240"):
        dpvae.tl.snap(cells, cells.obsm["spatial"], found.of(np.arange(7)))


def test_something_other_than_a_posterior_is_refused(mirrored):
    cells, _ = mirrored
    with pytest.raises(TypeError, match="found is a str, not a posterior"):
        dpvae.tl.snap(cells, cells.obsm["spatial"], "found")
