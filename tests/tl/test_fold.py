import numpy as np
import pytest

from dpvae.tl import fold
from dpvae.tl.mirrors import mirror_of, read_symmetry


@pytest.mark.slow
def test_symmetric_sections_are_folded_and_others_left(analyzed):
    fold(analyzed, sample_key="section")
    places, folded = analyzed.obsm["spatial"], analyzed.obsm["spatial_folded"]
    one = (analyzed.obs["section"] == "one").to_numpy()
    np.testing.assert_array_equal(folded[~one], places[~one])
    mirror = mirror_of(read_symmetry(analyzed, "dpvae_mirror_symmetry")["one"])
    assert mirror.side(folded[one]).min() >= -1e-12
    is_kept = mirror.side(places[one]) >= 0
    np.testing.assert_array_equal(folded[one][is_kept], places[one][is_kept])
    np.testing.assert_allclose(mirror.side(folded[one]), np.abs(mirror.side(places[one])))
    assert analyzed.uns["spatial_folded_params"]["sections"] == ["one"]


@pytest.mark.slow
def test_the_user_may_know_better(analyzed):
    both = fold(analyzed, sample_key="section", sections=["one", "two"], copy=True)
    two = (analyzed.obs["section"] == "two").to_numpy()
    assert (both[two] != analyzed.obsm["spatial"][two]).any(axis=1).mean() > 0.2
    assert "spatial_folded" not in analyzed.obsm


def test_recovered_places_are_folded_about_the_same_line(analyzed):
    analyzed.obsm["spatial_dpvae"] = analyzed.obsm["spatial"] * [-1.0, 1.0]
    true = fold(analyzed, sample_key="section", copy=True)
    recovered = fold(analyzed, spatial_key="spatial_dpvae", sample_key="section", copy=True)
    one = (analyzed.obs["section"] == "one").to_numpy()
    assert np.linalg.norm(true - recovered, axis=1)[one].max() < 0.2


def test_unknown_places_stay_unknown(analyzed):
    analyzed.obsm["spatial"][:5] = np.nan
    fold(analyzed, sample_key="section")
    assert np.isnan(analyzed.obsm["spatial_folded"]).any(axis=1).sum() == 5


def test_wrong_input_changes_nothing(two_sections, analyzed):
    with pytest.raises(KeyError, match=r"Run dpvae\.tl\.mirror_symmetry"):
        fold(two_sections)
    analyzed.obsm["mine"] = analyzed.obsm["spatial"].copy()
    with pytest.raises(ValueError, match="would be overwritten"):
        fold(analyzed, sample_key="section", key_added="mine")
    with pytest.raises(ValueError, match="use the same sample_key"):
        fold(analyzed, sections=["one"])
    two = analyzed[analyzed.obs["section"] == "two"].copy()
    with pytest.raises(ValueError, match="No section was found symmetric"):
        fold(two, sample_key="section")
    assert "spatial_folded" not in two.obsm
