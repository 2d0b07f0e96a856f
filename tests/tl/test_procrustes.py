import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.spatial

import dpvae

GUIDE = Path(__file__).parents[2] / "docs" / "user_guide"


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


@pytest.mark.trains
def test_regions_are_tested_on_another_section_as_the_page_says():
    section = dpvae.datasets.simulated_tissue(600, 40, seed=0)
    section.X = np.log1p(section.X.toarray())
    reference, section = section[::2].copy(), section[1::2].copy()
    true = section.obsm["spatial"].copy()
    section.obsm["spatial"] = true @ [[0.6, -0.8], [-0.8, -0.6]] + 5000
    dpvae.model.Surfaces.setup_anndata(reference)
    model = dpvae.model.Surfaces(reference)
    model.train()
    page = (GUIDE / "posterior.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n([^`]*procrustes[^`]*)```", page)
    names: dict[str, Any] = {"model": model, "section": section, "dpvae": dpvae}
    exec(block, names)
    in_frame, aligned = true, section.obsm["spatial_aligned"]
    np.testing.assert_allclose(np.ptp(aligned, axis=0), np.ptp(in_frame, axis=0), rtol=0.15)
    held = names["found"].in_region(aligned, 0.9).mean()
    assert held == pytest.approx(names["found"].in_region(in_frame, 0.9).mean(), abs=0.05)
