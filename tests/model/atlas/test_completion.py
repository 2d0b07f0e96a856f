import numpy as np
import pytest
import scvi
from tests.conftest import QUIET, log_normalized

import dpvae
from dpvae._keys import OBSM
from dpvae.datasets import simulated_tissue
from dpvae.metrics import procrustes_disparity
from dpvae.model import DPSCVI, DPVAE
from dpvae.model.atlas.completion import (
    Completed,
    check_known_places,
    check_same_unit,
    completed_coordinates,
    coordinates_in_use,
    own_components,
    smoothed,
)
from dpvae.model.atlas.seen_places import SeenPlaces

ONE = np.zeros(400, dtype="<U1")


def turned(places):
    """Places in a frame of their own."""
    return places @ np.array([[0.6, -0.8], [0.8, 0.6]]) + [4000.0, -900.0]


@pytest.fixture
def tissue():
    rng = np.random.default_rng(0)
    truth = rng.uniform(0, 100, size=(400, 2))
    latent = np.hstack([0.1 * truth, rng.normal(size=(400, 3))]).astype(np.float32)
    return truth, latent, rng.normal(size=(400, 6))


def known_of(places, rows):
    known = np.full_like(places, np.nan)
    known[rows] = places[rows]
    return known


def test_guess_is_moved_into_the_frame_of_the_known(tissue):
    truth, latent, components = tissue
    guess = truth + np.random.default_rng(1).normal(size=truth.shape)
    rows = np.arange(60)
    known = known_of(turned(truth), rows)
    completed = completed_coordinates(known, ONE, guess, latent, components).coordinates
    np.testing.assert_array_equal(completed[rows], known[rows])
    assert np.sqrt(np.mean((completed[60:] - turned(truth)[60:]) ** 2)) < 2.0


def test_genes_correct_what_the_guess_misses(tissue):
    truth, latent, _ = tissue
    guess = np.stack([truth[:, 0], np.full(400, 50.0)], axis=1)
    latent = np.zeros_like(latent) + latent[:, :1]
    known = known_of(truth, np.arange(100))
    with_genes, without = (
        completed_coordinates(known, ONE, guess, latent, components).coordinates
        for components in (truth / 30.0, np.zeros((400, 2)))
    )
    error, worse = (procrustes_disparity(truth[100:], x[100:]) for x in (with_genes, without))
    assert error < 0.05 < worse


def test_section_without_known_places_keeps_the_guess(tissue):
    truth, latent, components = tissue
    section = np.where(np.arange(400) < 200, "a", "b")
    known = known_of(turned(truth), np.arange(50))
    completed = completed_coordinates(known, section, truth, latent, components)
    np.testing.assert_array_equal(completed.coordinates[200:], truth[200:])
    assert np.abs(completed.coordinates[:200] - turned(truth)[:200]).max() < 5.0
    guessed = completed.errors[50:200]
    np.testing.assert_allclose(completed.errors[200:], guessed.mean())


def test_errors_are_those_of_the_guess_and_known_places_have_none(tissue):
    truth, latent, components = tissue
    rng = np.random.default_rng(1)
    guess = truth + 15.0 * rng.normal(size=truth.shape)
    noise = rng.normal(size=latent.shape).astype(np.float32)
    rows = np.arange(100)
    completed = completed_coordinates(known_of(truth, rows), ONE, guess, noise, components)
    np.testing.assert_array_equal(completed.errors[rows], 0.0)
    true = np.linalg.norm(completed.coordinates - truth, axis=1)[100:]
    assert completed.errors[100:].mean() == pytest.approx(true.mean(), rel=0.15)


def test_without_known_places_errors_are_not_made_up(tissue):
    truth, latent, components = tissue
    completed = completed_coordinates(truth, ONE, truth, latent, components)
    np.testing.assert_array_equal(completed.errors, 0.0)


def test_a_guessed_section_next_to_one_that_is_all_known_errs_like_the_guess(tissue):
    truth, latent, components = tissue
    section = np.where(np.arange(400) < 200, "a", "b")
    guess = truth + 10.0 * np.random.default_rng(1).normal(size=truth.shape)
    known = known_of(turned(truth), np.arange(200))
    completed = completed_coordinates(known, section, guess, latent, components)
    np.testing.assert_array_equal(completed.errors[:200], 0.0)
    true = np.linalg.norm(guess - truth, axis=1)[200:].mean()
    np.testing.assert_allclose(completed.errors[200:], true, rtol=0.25)


@pytest.mark.parametrize(("n_new", "by_new"), [(9, False), (60, True)])
def test_places_that_were_learned_do_not_tell_errors(tissue, n_new, by_new):
    truth, latent, components = tissue
    rng = np.random.default_rng(1)
    guess = truth + 15.0 * rng.normal(size=truth.shape)
    is_seen = np.arange(400) < 100
    guess[is_seen] = truth[is_seen]
    noise = rng.normal(size=latent.shape).astype(np.float32)
    seen, known = SeenPlaces(is_seen, np.full(400, 7.0)), known_of(truth, np.arange(100 + n_new))
    completed = completed_coordinates(known, ONE, guess, noise, components, seen)
    np.testing.assert_array_equal(completed.errors[: 100 + n_new], 0.0)
    true = np.linalg.norm(completed.coordinates - truth, axis=1)[100 + n_new :].mean()
    expected = true if by_new else 7.0
    assert completed.errors[100 + n_new :].mean() == pytest.approx(expected, rel=0.15)


def test_a_section_of_unknown_place_keeps_its_errors_if_all_other_places_were_learned(tissue):
    truth, latent, components = tissue
    section = np.where(np.arange(400) < 200, "a", "b")
    guess = truth + 10.0 * np.random.default_rng(1).normal(size=truth.shape)
    seen = SeenPlaces(np.arange(400) < 200, np.linspace(6.0, 8.0, 400))
    known = known_of(truth, np.arange(200))
    found = completed_coordinates(known, section, guess, latent, components, seen)
    np.testing.assert_array_equal(found.errors[:200], 0.0)
    np.testing.assert_array_equal(found.errors[200:], seen.errors[200:])


def test_a_sheet_of_latents_smooths_places(tissue):
    truth, latent, _ = tissue
    section = np.where(np.arange(400) < 200, "a", "b")
    noisy = truth + 10.0 * np.random.default_rng(1).normal(size=truth.shape)
    smooth = smoothed(noisy, latent, section)
    error = np.linalg.norm(smooth - truth, axis=1).mean()
    assert error < 0.5 * np.linalg.norm(noisy - truth, axis=1).mean()
    moved = smoothed(noisy + 7.0 * (section == "b")[:, None], latent, section)
    np.testing.assert_allclose(moved[:200], smooth[:200])
    np.testing.assert_allclose(moved[200:], smooth[200:] + 7.0, rtol=1e-6)


def test_other_units_are_refused(tissue):
    truth = tissue[0]
    with pytest.raises(ValueError, match="seem to have another unit than the reference") as found:
        check_same_unit(1000.0 * truth[:50], 1e6 * truth[:50], "")
    assert "train the reference longer" not in str(found.value)


def test_places_near_one_point_may_have_another_cause_than_the_unit(tissue):
    truth = tissue[0]
    with pytest.raises(ValueError, match=r"does not tell these cells apart.*train the reference"):
        check_same_unit(truth[:50], 0.01 * truth[:50], "")


@pytest.mark.parametrize(
    ("places", "found"),
    [([[0, 0], [1, 2]], "2 cells"), ([[0, 0], [1, 1], [2, 2], [3, 3]], "4 cells in a row")],
)
def test_too_few_known_places_are_refused(places, found):
    known = np.full((400, 2), np.nan)
    known[: len(places)] = places
    with pytest.raises(ValueError, match=f"knows the places of {found}: 3 or more"):
        check_known_places(known, ONE, "adata.obsm['spatial']", fewest=3)


def test_no_known_place_is_fine():
    assert not check_known_places(np.full((400, 2), np.nan), ONE, "places", fewest=3)


def test_components_are_those_of_the_query(tissue):
    genes = tissue[1].astype(float)
    components = own_components(lambda rows: genes[rows], np.ones(5), 400)
    assert np.abs(components.mean(axis=0)).max() < 1e-8
    assert components[:, 0].std() == pytest.approx(1.0, rel=0.01)


def test_other_coordinates_are_used_only_inside(expression):
    DPVAE.setup_anndata(expression)
    before = expression.obsm[OBSM.centered].copy()
    names = np.zeros(240, dtype="<U1")
    other = Completed(turned(expression.obsm["spatial"]), np.zeros(240))
    with coordinates_in_use(expression, other, names):
        inside = expression.obsm[OBSM.centered]
        assert np.abs(inside.mean(axis=0)).max() < 1e-6
        assert np.abs(inside - before).max() > 100
    np.testing.assert_array_equal(expression.obsm[OBSM.centered], before)


@pytest.fixture(scope="module", params=[DPVAE, DPSCVI])
def reference(request, trains):  # noqa: ARG001
    """A model of few cells of a tissue, and 300 others of it in a frame of their own."""
    scvi.settings.seed = 0
    cells = simulated_tissue(700, 60, seed=2)
    cells = log_normalized(cells) if request.param is DPVAE else cells
    query = cells[400:].copy()
    cells = cells[:80].copy()
    query.obsm["spatial"] = turned(query.obsm["spatial"])
    request.param.setup_anndata(cells)
    model = request.param(cells, n_hidden=64, n_layers=1)
    model.train(max_epochs=40, **QUIET)
    return model, query


def test_a_few_known_places_help_and_give_their_frame(reference, tmp_path):
    model, query = reference
    truth = query.obsm["spatial"]
    before = procrustes_disparity(truth[100:], model.predict_coordinates(query)[100:])
    few = query.copy()
    few.obsm["spatial"] = known_of(truth, np.arange(100))
    tuned = type(model).load_query_data(few, model)
    tuned.train(**QUIET)
    places = tuned.predict_coordinates()
    after = procrustes_disparity(truth[100:], places[100:])
    assert after < before
    assert after < 0.33
    assert np.linalg.norm(places.mean(axis=0) - truth.mean(axis=0)) < 0.2 * truth.std()
    found = tuned.predict_posterior(query[100:].copy())
    assert found.in_region(truth[100:], 0.9).mean() > 0.78  # .66 if guessed places judge
    mean = found.mean()
    error = np.linalg.norm(mean - truth[100:], axis=1)
    expected = np.diag(found.expected_distance(mean))
    assert 0.7 < expected.mean() / error.mean() < 1.4  # .3 if guesses had no errors
    assert 0.35 < (error < found.radius(0.5)).mean() < 0.8
    tuned.save(tmp_path / "tuned")
    again = dpvae.model.load(tmp_path / "tuned")
    np.testing.assert_array_equal(
        again.predict_coordinates(query), tuned.predict_coordinates(query)
    )
    mask = np.arange(300) < 100
    kept = tuned.predict_coordinates(anchors=mask)
    np.testing.assert_array_equal(kept[:100], truth[:100])


def test_training_again_does_not_make_guesses_surer(reference):
    model, query = reference
    few = query.copy()
    few.obsm["spatial"] = known_of(query.obsm["spatial"], np.arange(100))
    tuned = type(model).load_query_data(few, model)
    errors = []

    def learn(tuned):
        tuned.train(max_epochs=2, **QUIET)
        errors.append(tuned.predict_posterior(query[100:110].copy()).position_errors)

    learn(tuned)
    learn(tuned)  # now the known places are known to the atlas and the network
    again = type(model).load_query_data(few.copy(), tuned)
    learn(again)
    assert errors[0].max() > 0.0
    np.testing.assert_array_equal(errors[1], errors[0])
    np.testing.assert_array_equal(errors[2], errors[0])
    others = query[150:].copy()
    others.obsm["spatial"] = known_of(others.obsm["spatial"], np.arange(60))
    new = type(model).load_query_data(others, tuned)
    new.train(max_epochs=2, **QUIET)
    seen = tuned.atlas_.layout.errors
    assert not np.isin(new.atlas_.layout.errors[60:], seen).any()


@pytest.mark.parametrize("has_key", [False, True])
def test_unfrozen_weights_without_known_places_leave_the_atlas_of_the_reference(reference, has_key):
    model, query = reference
    without = query.copy()
    if has_key:
        without.obsm["spatial"] = known_of(query.obsm["spatial"], [])
    else:
        del without.obsm["spatial"]
    tuned = type(model).load_query_data(without, model, unfrozen=True)
    tuned.train(max_epochs=1, **QUIET)
    layout, expected = tuned.atlas_.layout, model.atlas_.layout
    np.testing.assert_array_equal(layout.coordinates, expected.coordinates)


def test_two_known_places_are_refused_and_nothing_is_changed(reference):
    model, query = reference
    few = query.copy()
    few.obsm["spatial"] = known_of(query.obsm["spatial"], [0, 1])
    obs = list(few.obs)
    with pytest.raises(ValueError, match="2 cells: 3 or more in general position"):
        type(model).load_query_data(few, model)
    assert list(few.obs) == obs
    assert list(few.obsm) == ["spatial"]


def test_zeros_in_place_of_unknown_places_are_warned_of(reference):
    model, query = reference
    filled = query.copy()
    filled.obsm["spatial"] = np.nan_to_num(known_of(query.obsm["spatial"], np.arange(100)))
    with pytest.warns(UserWarning, match=r"are the same one, \(0, 0\)"):
        type(model).load_query_data(filled, model)


@pytest.mark.parametrize("spoil", ["no key", "all NaN"])
def test_without_known_places_the_encoder_stays_as_it_is(reference, spoil, caplog):
    model, query = reference
    blind = query.copy()
    blind.obsm["spatial"] = np.full_like(query.obsm["spatial"], np.nan)
    if spoil == "no key":
        del blind.obsm["spatial"]
    with caplog.at_level("WARNING", logger="dpvae"):
        adapted = type(model).load_query_data(blind, model)
    assert "No place of the query is known in adata.obsm['spatial']" in caplog.text
    assert not adapted.module.distance_term.log_scale.requires_grad
    assert not adapted.is_query_with_places_
