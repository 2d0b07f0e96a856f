import anndata
import numpy as np
import pytest
from scipy.sparse import csr_matrix

from dpvae import tl
from dpvae.geometry import Posterior
from dpvae.tl.placement import drop_companions


@pytest.fixture
def found(expression):
    """Two thirds of every cell around its place, one third at the other end of the tissue."""
    places = expression.obsm["spatial"]
    ends = places[:, 0].argsort()[[0, -1]]
    far = np.where(np.arange(240) % 2, *ends)
    dense = np.zeros((240, 240))
    dense[np.arange(240), np.arange(240)] = 2 / 3
    dense[np.arange(240), far] += 1 / 3
    return Posterior(places, csr_matrix(dense), np.arange(240), 1 + np.arange(240) % 3)


def test_what_is_written_is_what_was_found_and_survives_a_file(expression, found, tmp_path):
    tl.posterior(expression, found)
    expression.write_h5ad(tmp_path / "cells.h5ad")
    stored = anndata.read_h5ad(tmp_path / "cells.h5ad")
    modes = found.modes(2)
    obs, obsm = stored.obs, stored.obsm
    np.testing.assert_array_equal(obsm["spatial_posterior"], found.mean())
    np.testing.assert_array_equal(obsm["spatial_posterior_mode"], found.mode())
    np.testing.assert_array_equal(obsm["spatial_posterior_second_mode"], modes.places[:, 1])
    np.testing.assert_array_equal(obs["spatial_posterior_mode_share"], modes.shares[:, 0])
    np.testing.assert_array_equal(obs["spatial_posterior_second_share"], modes.shares[:, 1])
    np.testing.assert_array_equal(obs["spatial_posterior_entropy"], found.entropy)
    np.testing.assert_array_equal(obs["spatial_posterior_radius_90"], found.radius(0.9))
    np.testing.assert_array_equal(obs["spatial_posterior_region_90"], found.region_size(0.9))
    np.testing.assert_array_equal(obs["spatial_posterior_unlikeness"], found.unlikeness)
    assert stored.uns["spatial_posterior_params"] == {"level": 0.9, "n_positions": 240}


def test_a_cell_with_one_peak_has_no_second(expression, found):
    certain = Posterior(found.positions, csr_matrix(np.eye(240)), np.arange(240), np.ones(240))
    tl.posterior(expression, certain)
    places = expression.obsm["spatial"]
    np.testing.assert_allclose(expression.obsm["spatial_posterior"], places)
    np.testing.assert_array_equal(expression.obsm["spatial_posterior_mode"], places)
    assert np.isnan(expression.obsm["spatial_posterior_second_mode"]).all()
    assert (expression.obs["spatial_posterior_second_share"] == 0).all()
    assert (expression.obs["spatial_posterior_radius_90"] < 1e-6).all()
    np.testing.assert_allclose(expression.obs["spatial_posterior_region_90"], 1 / 240)


def test_predicted_coordinates_are_kept(expression, found):
    coordinates = found.mean() + 1
    expression.obsm["spatial_dpvae"] = coordinates.copy()
    tl.posterior(expression, found)
    np.testing.assert_array_equal(expression.obsm["spatial_dpvae"], coordinates)


def test_a_second_call_replaces_all_of_the_first(expression, found):
    untouched = expression.copy()
    tl.posterior(expression, found, level=0.5)
    tl.posterior(expression, found, level=0.8)
    tl.posterior(untouched, found, level=0.8)
    assert list(expression.obs) == list(untouched.obs)
    assert "spatial_posterior_radius_80" in expression.obs
    assert expression.uns["spatial_posterior_params"]["level"] == 0.8


def test_other_coordinates_of_this_key_leave_nothing_of_it(expression, found):
    before = set(expression.obs), set(expression.obsm)
    tl.posterior(expression, found)
    drop_companions(expression, "spatial_posterior")
    del expression.obsm["spatial_posterior"]
    assert (set(expression.obs), set(expression.obsm)) == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"obsm": "spatial_posterior"}, r"obsm\['spatial_posterior'\] exists"),
        ({"obsm": "spatial_posterior_mode"}, r"obsm\['spatial_posterior_mode'\] exists"),
        ({"obs": "spatial_posterior_entropy"}, r"obs\['spatial_posterior_entropy'\] exists"),
    ],
)
def test_what_others_wrote_is_kept(expression, found, change, message):
    ((part, key),) = change.items()
    values = {"obs": np.arange(240.0), "obsm": np.ones((240, 2))}[part]
    getattr(expression, part)[key] = values
    before = expression.copy()
    with pytest.raises(ValueError, match=message):
        tl.posterior(expression, found)
    np.testing.assert_array_equal(getattr(expression, part)[key], values)
    assert same_keys(expression, before)


def test_nothing_is_written_when_it_fails(expression, found):
    before = expression.copy()
    with pytest.raises(ValueError, match="is of 239 cells, adata has 240"):
        tl.posterior(expression, found.of(np.arange(239)))
    with pytest.raises(ValueError, match="level is 90"):
        tl.posterior(expression, found, level=90)
    with pytest.raises(ValueError, match="exists and would be overwritten"):
        tl.posterior(expression, found, key_added="spatial")
    with pytest.raises(ValueError, match="without a slash"):
        tl.posterior(expression, found, key_added="a/b")
    with pytest.raises(TypeError, match="not an AnnData"):
        tl.posterior("cells.h5ad", found)
    assert same_keys(expression, before)


def same_keys(one, other):
    return all(
        list(getattr(one, part)) == list(getattr(other, part)) for part in ("obs", "obsm")
    ) and (one.uns.keys() == other.uns.keys())
