import numpy as np
import pytest

import dpvae


@pytest.fixture
def partial(placed):
    """Every fourth place is unknown."""
    placed.obsm["partial"] = placed.obsm["spatial"].copy()
    placed.obsm["partial"][::4] = np.nan
    return placed


def test_unknown_places_are_filled_and_known_ones_stay_to_the_bit(partial):
    dpvae.tl.impute(partial, spatial_key="partial")
    known = np.arange(240) % 4 > 0
    filled = partial.obsm["spatial_dpvae"]
    np.testing.assert_array_equal(filled[known], partial.obsm["spatial"][known])
    errors = np.linalg.norm(filled - partial.obsm["spatial"], axis=1)
    assert errors.max() < 1e-3 * np.ptp(partial.obsm["spatial"])
    assert np.isnan(partial.obsm["partial"][::4]).all()


def test_penalised_anchors_may_move(partial):
    partial.obsm["partial"][1] += 500
    hard = dpvae.tl.impute(partial, spatial_key="partial", copy=True)
    soft = dpvae.tl.impute(partial, spatial_key="partial", penalty=0.01, copy=True)
    assert np.linalg.norm(hard[1] - partial.obsm["spatial"][1]) > 700
    assert np.linalg.norm(soft[1] - partial.obsm["spatial"][1]) < 100


def test_sections_have_anchors_of_their_own(partial):
    partial.obs["half"] = np.where(np.arange(240) < 120, "a", "b")
    partial.obsm["partial"][120:] = np.nan
    with pytest.raises(ValueError, match=r"No cell of section 'b' has a place.*tl.reconstruct"):
        dpvae.tl.impute(partial, spatial_key="partial", sample_key="half")
    assert "spatial_dpvae" not in partial.obsm


def test_confidence_is_written_with_the_coordinates(placed):
    placed.obsm["partial"] = placed.obsm["spatial"].copy()
    placed.obsm["partial"][:180] = np.nan
    placed.obsm["X_dpvae"] = placed.obsm["X_dpvae"] + np.random.default_rng(0).normal(
        0, 1.0, placed.obsm["X_dpvae"].shape
    )
    dpvae.tl.impute(placed, spatial_key="partial")
    error = np.linalg.norm(placed.obsm["spatial_dpvae"] - placed.obsm["spatial"], axis=1)
    expected = placed.obs["spatial_dpvae_expected_error"]
    assert (expected[180:] == 0).all()
    assert expected[:180].mean() == pytest.approx(error[:180].mean(), rel=0.25)
    assert (placed.obs["spatial_dpvae_residual"] > 0).all()
    sections = placed.uns["spatial_dpvae_params"]["sections"]
    assert sections["solver"].tolist() == ["blend"]
    rmse = np.sqrt((error[:180] ** 2).mean())
    assert sections["validated_error"].iloc[0] == pytest.approx(rmse, rel=0.3)


def test_the_objective_of_the_paper_can_be_asked_for(placed):
    placed.obsm["partial"] = placed.obsm["spatial"].copy()
    placed.obsm["partial"][:180] = np.nan
    dpvae.tl.impute(placed, spatial_key="partial", method="stress")
    assert placed.uns["spatial_dpvae_params"]["sections"]["solver"].tolist() == ["smacof"]
    assert "spatial_dpvae_expected_error" not in placed.obs


@pytest.fixture
def given(placed):
    """Places of the first 60 cells are unknown; latents scatter, of 120 that a model saw less."""
    noise = np.random.default_rng(0).normal(0, 1.0, placed.obsm["X_dpvae"].shape)
    placed.obsm["X_dpvae"] = placed.obsm["X_dpvae"] + noise * (np.arange(240) < 120)[:, None]
    placed.obsm["partial"] = placed.obsm["spatial"].copy()
    placed.obsm["partial"][:60] = np.nan
    seen = placed.obsm["spatial"].copy()
    seen[:120] = np.nan
    placed.obsm["seen"] = seen
    return placed


def test_anchors_that_a_model_was_given_do_not_vouch_for_other_cells(given, caplog):
    dpvae.tl.impute(given, spatial_key="partial")
    assert given.obs["spatial_dpvae_expected_error"][:60].mean() < 60
    dpvae.model.DPVAE.setup_anndata(given, spatial_key="seen")
    dpvae.tl.impute(given, spatial_key="partial")
    error = np.linalg.norm(given.obsm["spatial_dpvae"] - given.obsm["spatial"], axis=1)[:60]
    expected = given.obs["spatial_dpvae_expected_error"][:60]
    assert expected.mean() == pytest.approx(error.mean(), rel=0.2)
    assert "No expected error" not in caplog.text
    dpvae.model.DPVAE.setup_anndata(given, spatial_key="partial")
    dpvae.tl.impute(given, spatial_key="partial")
    assert "given the places of all but 0 of the known cells" in caplog.text
    caplog.clear()
    dpvae.tl.impute(given, spatial_key="partial", method="stress")  # has none in any case
    assert "No expected error" not in caplog.text
    assert "spatial_dpvae_expected_error" not in given.obs
    assert np.isnan(given.uns["spatial_dpvae_params"]["sections"]["validated_error"]).all()
