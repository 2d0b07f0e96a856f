from dataclasses import replace

import numpy as np
import pytest

from dpvae.model.atlas import seen_places as module
from dpvae.model.atlas.atlas import Atlas
from dpvae.model.atlas.encoded_cells import EncodedCells
from dpvae.model.atlas.gene_regression import fit_gene_regression
from dpvae.model.atlas.layout import Layout
from dpvae.model.atlas.seen_places import seen_places

TUNED_ON = np.arange(20)


@pytest.fixture
def atlas():
    """Of a model that was tuned on 20 places of 100 cells, and guessed the others."""
    rng = np.random.default_rng(0)
    latent, places = rng.normal(size=(100, 6)).astype(np.float32), rng.uniform(size=(100, 2))
    errors = rng.uniform(3.0, 4.0, size=100)
    errors[TUNED_ON] = 0.0
    return Atlas(Layout(latent, places, np.full(100, ""), errors), 1.0)


def cells(latent, section=""):
    return EncodedCells(latent, np.full(len(latent), section), None)


def known_of(atlas, rows):
    known = np.full((100, 2), np.nan)
    known[rows] = atlas.layout.coordinates[rows]
    return known


def test_known_cells_of_the_model_are_seen_and_guesses_keep_their_errors(atlas):
    mixed = np.random.default_rng(1).permutation(100)
    rounding = 1.0 + 1e-7 * np.random.default_rng(2).normal(size=(100, 1)).astype(np.float32)
    known = known_of(atlas, np.arange(10, 40))[mixed]
    found = seen_places(atlas, cells(atlas.layout.latent[mixed] * rounding), known)
    np.testing.assert_array_equal(np.sort(mixed[found.is_seen]), np.arange(10, 20))
    guessed = mixed >= 20
    np.testing.assert_array_equal(found.errors[guessed], atlas.layout.errors[mixed][guessed])
    assert found.errors.min() > 3.0  # of the most similar guesses, if the place was known


def test_errors_are_in_the_unit_of_the_places_that_are_given(atlas):
    known = known_of(atlas, np.arange(10, 40))
    found = seen_places(atlas, cells(atlas.layout.latent), known)
    turned = 25.0 * known @ np.array([[0.6, -0.8], [0.8, 0.6]]) + 300.0
    in_another = seen_places(atlas, cells(atlas.layout.latent), turned)
    np.testing.assert_allclose(in_another.errors, 25.0 * found.errors)
    one = known_of(atlas, [0])
    np.testing.assert_array_equal(
        seen_places(atlas, cells(atlas.layout.latent), one).errors, found.errors
    )  # says nothing of the unit


def test_other_cells_are_new(atlas):
    other = atlas.layout.latent + np.float32(0.01)
    found = seen_places(atlas, cells(other), known_of(atlas, np.arange(100)))
    assert not found.is_seen.any()
    assert np.isnan(found.errors).all()


@pytest.mark.parametrize("errors", [None, np.zeros(100)])
def test_cells_of_a_reference_are_seen_and_left_out_cells_tell_errors(atlas, errors):
    rng = np.random.default_rng(3)
    places = rng.uniform(0, 100, size=(100, 2))
    genes = np.tile(places, 5) + 60.0 * rng.normal(size=(100, 10))
    layout = replace(atlas.layout, errors=errors)
    regression = fit_gene_regression(lambda r: genes[r], np.ones(10), places, layout.section)
    reference = replace(atlas, layout=layout, regression=regression)
    found = seen_places(reference, cells(layout.latent), known_of(atlas, TUNED_ON))
    np.testing.assert_array_equal(np.flatnonzero(found.is_seen), TUNED_ON)
    (only,) = np.unique(found.errors)
    new = np.tile(places, 5) + 60.0 * rng.normal(size=(100, 10))
    of_new = np.linalg.norm(regression.predict("", new) - places, axis=1).mean()
    assert only == pytest.approx(of_new, rel=0.2)
    assert 10.0 < only < 50.0


def test_a_section_of_which_not_all_cells_are_kept_is_seen_if_one_of_its_cells_is(
    atlas, monkeypatch
):
    every = atlas.layout
    kept = np.arange(0, 100, 2)
    layout = replace(
        every,
        latent=every.latent[kept],
        coordinates=every.coordinates[kept],
        section=every.section[kept],
        errors=None,
    )
    reference = replace(atlas, layout=layout)
    known = known_of(atlas, np.arange(60))
    two = replace(cells(every.latent.copy()), section=np.where(np.arange(100) < 30, "a", "b"))
    two.latent[30:] += np.float32(0.01)  # cells of the second section are new
    assert seen_places(reference, two, known).is_seen.sum() == 15
    monkeypatch.setattr(module, "MOST_CELLS", 50)
    found = seen_places(reference, two, known).is_seen
    np.testing.assert_array_equal(np.flatnonzero(found), np.arange(30))
