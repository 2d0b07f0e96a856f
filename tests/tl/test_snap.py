import numpy as np
import pytest
import squidpy as sq

import dpvae


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
