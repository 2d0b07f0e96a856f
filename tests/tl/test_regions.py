import anndata
import numpy as np
import pytest

from dpvae import tl
from dpvae.geometry import Regions


@pytest.fixture
def found():
    rng = np.random.default_rng(0)
    root = rng.normal(size=(240, 2, 2))
    scores = np.sort(rng.exponential(size=30))
    return Regions(rng.normal(size=(240, 2)), root @ root.transpose(0, 2, 1), scores, 2 * scores)


def test_regions_are_written_and_survive_a_file(expression, found, tmp_path):
    tl.regions(expression, found, levels=(0.5, 0.9))
    expression.write_h5ad(tmp_path / "cells.h5ad")
    stored = anndata.read_h5ad(tmp_path / "cells.h5ad")
    np.testing.assert_array_equal(stored.obsm["spatial_dpvae"], found.coordinates)
    for level in (0.5, 0.9):
        percent = round(100 * level)
        np.testing.assert_array_equal(
            stored.obs[f"spatial_dpvae_radius_{percent}"], found.radii(level)
        )
        np.testing.assert_array_equal(
            stored.obsm[f"spatial_dpvae_ellipse_{percent}"], found.ellipses(level)
        )
    assert stored.uns["spatial_dpvae_params"]["n_calibration_cells"] == 30


def test_a_second_call_replaces_the_first(expression, found):
    tl.regions(expression, found)
    other = Regions(
        found.coordinates + 1, found.covariance, found.disc_scores, found.ellipse_scores
    )
    tl.regions(expression, other)
    np.testing.assert_array_equal(expression.obsm["spatial_dpvae"], found.coordinates + 1)


def test_places_that_are_there_already_are_kept(expression, found):
    expression.obsm["spatial_dpvae"] = found.coordinates.copy()
    tl.regions(expression, found)
    assert "spatial_dpvae_radius_90" in expression.obs
    expression.obsm["other"] = found.coordinates + 1
    with pytest.raises(ValueError, match="exists and would be overwritten"):
        tl.regions(expression, found, key_added="other")


def test_nothing_is_written_when_it_fails(expression, found):
    before = expression.copy()
    with pytest.raises(ValueError, match="belong to 240 cells, adata has 239"):
        tl.regions(expression[1:].copy(), found)
    with pytest.raises(ValueError, match="hold 99 % need 99 calibration cells"):
        tl.regions(expression, found, levels=(0.5, 0.99))
    with pytest.raises(ValueError, match="exists and would be overwritten"):
        tl.regions(expression, found, key_added="spatial")
    assert list(expression.obsm) == list(before.obsm)
    assert list(expression.obs) == list(before.obs)
    assert expression.uns.keys() == before.uns.keys()
