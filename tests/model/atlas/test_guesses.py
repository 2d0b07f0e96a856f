from dataclasses import replace

import numpy as np
import pytest
from tests.conftest import log_normalized

from dpvae.datasets import simulated_tissue
from dpvae.metrics import procrustes_disparity
from dpvae.model import Surfaces, load

N_KNOWN = 25


def fitted(is_known, section=None):
    """A model of a tissue of which some places are known, and the true ones."""
    tissue = log_normalized(simulated_tissue(400, 60, seed=4))
    true = tissue.obsm["spatial"].copy()
    tissue.obsm["spatial"] = np.where(is_known[:, None], true, np.nan)
    if section is not None:
        tissue.obs["section"] = section
    Surfaces.setup_anndata(tissue, sample_key=None if section is None else "section")
    model = Surfaces(tissue)
    model.train()
    return model, true


@pytest.fixture(scope="module")
def few():
    return fitted(np.arange(400) < N_KNOWN)


def without(model):
    """Places without the help of similar cells."""
    atlas = model.atlas_
    model.atlas_ = replace(atlas, similar={})
    places = model.predict_coordinates()
    model.atlas_ = atlas
    return places


@pytest.mark.slow
def test_similar_cells_of_unknown_place_help(few):
    model, true = few
    hidden = np.arange(400) >= N_KNOWN
    alone = procrustes_disparity(true[hidden], without(model)[hidden])
    together = procrustes_disparity(true[hidden], model.predict_coordinates()[hidden])
    assert together < 0.98 * alone


@pytest.mark.slow
def test_known_places_stay_and_unknown_ones_are_what_is_read_of_the_cells(few):
    model, true = few
    (similar,) = model.atlas_.similar.values()
    np.testing.assert_array_equal(similar.places[:N_KNOWN], true[:N_KNOWN])
    np.testing.assert_allclose(similar.places[N_KNOWN:], without(model)[N_KNOWN:], rtol=1e-4)


@pytest.mark.slow
def test_a_cell_is_placed_alike_in_a_query_of_its_own_and_by_a_saved_model(few, tmp_path):
    model, _ = few
    places = model.predict_coordinates()
    query = model.adata[[7, 300]].copy()
    np.testing.assert_allclose(model.predict_coordinates(query), places[[7, 300]], rtol=1e-4)
    model.save(tmp_path / "few")
    again = load(tmp_path / "few", adata=model.adata)
    np.testing.assert_array_equal(again.predict_coordinates(), places)


@pytest.mark.slow
@pytest.mark.parametrize("n_known", [400, 399])
def test_many_known_places_need_no_similar_cells(n_known):
    model, _ = fitted(np.arange(400) < n_known)
    assert model.atlas_.similar == {}


@pytest.mark.slow
def test_only_sections_with_known_and_unknown_places_have_similar_cells():
    section = np.repeat(["all", "few", "none", "further"], 100)
    is_known = (section == "all") | ((section == "few") & (np.arange(400) % 4 == 0))
    model, _ = fitted(is_known, section)
    assert list(model.atlas_.similar) == ["few"]
    places = model.predict_coordinates()
    moved = (np.abs(places - without(model)) > 1e-6).any(axis=1)
    assert moved[section == "few"].all()
    assert not moved[section == "all"].any()
