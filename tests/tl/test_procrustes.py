import numpy as np
import pytest
import scipy.spatial

import dpvae


@pytest.fixture
def recovered(expression):
    """Recovered coordinates: mirrored, scaled, and noisy."""
    noise = np.random.default_rng(0).normal(0, 100, (240, 2))
    expression.obsm["spatial_dpvae"] = 2 * (expression.obsm["spatial"][:, ::-1] + noise) - 99
    return expression


def test_disparity_is_that_of_scipy_and_the_layout_is_aligned(recovered):
    dpvae.tl.procrustes(recovered)
    result = recovered.uns["spatial_dpvae_aligned_params"]
    expected = scipy.spatial.procrustes(recovered.obsm["spatial"], recovered.obsm["spatial_dpvae"])[
        2
    ]
    assert result["disparity"] == pytest.approx(expected)
    assert result["is_reflected"]
    errors = recovered.obsm["spatial_dpvae_aligned"] - recovered.obsm["spatial"]
    assert np.median(np.linalg.norm(errors, axis=1)) < 150


def test_a_solid_motion_is_undone_and_keeps_the_size(expression):
    true = expression.obsm["spatial"]
    turn = np.array([[0.6, -0.8], [-0.8, -0.6]])
    expression.obsm["mean"] = true.mean(axis=0) + 0.4 * (true - true.mean(axis=0))
    expression.obsm["other"] = true @ turn + 5000
    dpvae.tl.procrustes(expression, "mean", "other", scale=False)
    np.testing.assert_allclose(expression.obsm["other_aligned"], true)
    result = expression.uns["other_aligned_params"]
    assert result["scale"] == 1.0
    assert result["disparity"] == pytest.approx((0.6 / 0.4) ** 2)


def test_unknown_places_are_left_out(recovered):
    complete = dpvae.tl.procrustes(recovered[10:].copy(), copy=True).disparity
    recovered.obsm["spatial"][:10] = np.nan
    assert dpvae.tl.procrustes(recovered, copy=True).disparity == pytest.approx(complete)
    assert "spatial_dpvae_aligned" not in recovered.obsm


def test_missing_coordinates_are_named(recovered):
    with pytest.raises(KeyError, match=r"no adata.obsm\['X'\]"):
        dpvae.tl.procrustes(recovered, "spatial", "X")


def test_messages_name_both_keys(recovered):
    recovered.obsm["alike"] = np.ones((240, 2))
    with pytest.raises(ValueError, match=r"^adata.obsm\['alike'\] and adata.*'spatial'\]: all"):
        dpvae.tl.procrustes(recovered, recovered_key="alike")
