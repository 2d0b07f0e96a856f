import numpy as np
import pytest
from scipy.sparse import csr_matrix

from dpvae.geometry import Posterior
from dpvae.geometry.posterior import guessed_positions, posterior
from dpvae.geometry.posterior.guessed_positions import place_probabilities

LENGTH = {2: np.sqrt(np.pi / 2), 3: 2 * np.sqrt(2 / np.pi)}


@pytest.mark.parametrize("n_dims", [2, 3])
def test_probabilities_spread_as_a_naive_sum(n_dims):
    rng = np.random.default_rng(0)
    positions, dense = rng.normal(size=(30, n_dims)), rng.dirichlet(np.ones(30), 6)
    errors = rng.uniform(0.1, 1.0, size=30) * (np.arange(30) % 3 > 0)
    expected = np.zeros_like(dense)
    for guess in range(30):
        if errors[guess] == 0.0:
            expected[:, guess] += dense[:, guess]
            continue
        sigma = errors[guess] / LENGTH[n_dims]
        chance = np.exp(-((positions - positions[guess]) ** 2).sum(axis=1) / (2 * sigma**2))
        expected += dense[:, [guess]] * chance / chance.sum()
    found = place_probabilities(csr_matrix(dense), positions, errors)
    np.testing.assert_allclose(found.toarray(), expected, atol=2e-4)
    assert found.sum(axis=1) == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("n_dims", [2, 3])
def test_places_are_as_far_from_a_guess_as_expected(n_dims):
    rng = np.random.default_rng(0)
    positions = np.vstack([np.zeros(n_dims), rng.uniform(-40, 40, size=(6000, n_dims))])
    errors = np.full(len(positions), 10.0)
    sure = csr_matrix(([1.0], ([0], [0])), shape=(1, len(positions)))
    found = place_probabilities(sure, positions, errors).toarray()[0]
    assert found @ np.linalg.norm(positions, axis=1) == pytest.approx(10.0, rel=0.06)


def test_measured_positions_keep_their_probability():
    chances = csr_matrix([[0.5, 0.3, 0.2]])
    assert place_probabilities(chances, np.eye(3)[:, :2], np.zeros(3)) is chances


def test_a_far_guess_stays_where_it_is_rather_than_vanish():
    positions = np.array([[0.0, 0.0], [1e9, 0.0]])
    found = place_probabilities(csr_matrix([[0.0, 1.0]]), positions, np.array([0.0, 1e-9]))
    assert found.toarray().tolist() == [[0.0, 1.0]]


def sure_of_guesses(unit=1.0):
    """Cells that are surely the one at a guessed position, and their true places."""
    rng = np.random.default_rng(1)
    true = unit * rng.uniform(0, 100, size=(900, 2))
    guess = true + unit * 8.0 * rng.normal(size=true.shape)
    errors = np.full(900, np.linalg.norm(guess - true, axis=1).mean())
    chances = csr_matrix(np.eye(900))
    found = Posterior(guess, chances, np.arange(900), np.ones(900), position_errors=errors)
    return found, true


def test_regions_of_guessed_positions_hold_true_places():
    found, true = sure_of_guesses()
    for level, low, high in ((0.5, 0.43, 0.58), (0.9, 0.85, 0.94)):
        assert low < found.in_region(true, level).mean() < high
    assert found.region_size(0.9).mean() < 0.2


def test_probabilities_of_places_do_not_depend_on_unit_and_parts(monkeypatch):
    found, true = sure_of_guesses()
    expected, density = found.place_probabilities().toarray(), found.probability_at(true)
    larger, _ = sure_of_guesses(unit=1e4)
    np.testing.assert_allclose(larger.place_probabilities().toarray(), expected, atol=1e-6)
    monkeypatch.setattr(guessed_positions, "MOST_NUMBERS", 7_000)
    monkeypatch.setattr(posterior, "MOST_NUMBERS", 100_000)
    np.testing.assert_allclose(found.place_probabilities().toarray(), expected, atol=1e-6)
    np.testing.assert_allclose(found.probability_at(true), density, rtol=1e-5)


def test_entropy_counts_the_errors_of_guesses():
    found, _ = sure_of_guesses()
    entropy = found.entropy
    dense = found.place_probabilities().toarray().astype(float)
    expected = -(dense * np.log(np.where(dense > 0, dense, 1.0))).sum(axis=1)
    np.testing.assert_allclose(entropy, expected, rtol=1e-4)
    assert entropy.min() > 1.0
