from time import process_time

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.spatial.distance import cdist

from dpvae.geometry import Posterior
from dpvae.geometry.posterior import expected_distance as file
from dpvae.geometry.posterior.expected_distance import expected_distance

NONE = np.zeros(40)


@pytest.fixture
def chances():
    """Probabilities of forty positions for ten cells, most of them 0."""
    rng = np.random.default_rng(0)
    dense = rng.uniform(size=(10, 40)) * (rng.uniform(size=(10, 40)) < 0.3) + 1e-3
    return dense / dense.sum(axis=1, keepdims=True), rng.normal(size=(40, 3))


def test_distances_are_those_of_a_naive_computation(chances, monkeypatch):
    dense, positions = chances
    places = np.random.default_rng(1).normal(size=(25, 3))
    naive = [
        [sum(p * np.linalg.norm(s - place) for p, s in zip(row, positions, strict=True))]
        for row in dense
        for place in places
    ]
    expected = np.reshape(naive, (10, 25))
    np.testing.assert_allclose(
        expected_distance(csr_matrix(dense), positions, places, NONE), expected, rtol=1e-6
    )
    monkeypatch.setattr(file, "MOST_NUMBERS", 7 * 40)
    np.testing.assert_allclose(
        expected_distance(csr_matrix(dense), positions, places, NONE), expected, rtol=1e-6
    )


def test_few_and_many_probabilities_tell_the_same(chances, monkeypatch):
    dense, positions = chances
    dense = np.where(dense > np.quantile(dense, 0.95, axis=1, keepdims=True), dense, 0.0)
    chance = csr_matrix(dense / dense.sum(axis=1, keepdims=True))
    found = []
    for threshold in (0.0, 0.08, 1.0):
        monkeypatch.setattr(file, "DENSE", threshold)
        found.append(expected_distance(chance, positions, positions, NONE))
    np.testing.assert_allclose(found[1], found[0], rtol=1e-6)
    np.testing.assert_allclose(found[2], found[0], rtol=1e-6)


def test_a_full_posterior_takes_less_time_than_as_a_sparse_one(monkeypatch):
    rng = np.random.default_rng(0)
    positions = rng.normal(size=(1500, 2))
    chance = csr_matrix(rng.dirichlet(np.ones(1500), 200))
    seconds = []
    for threshold in (1.0, 0.08):
        monkeypatch.setattr(file, "DENSE", threshold)
        start = process_time()
        expected_distance(chance, positions, positions, np.zeros(len(positions)))
        seconds.append(process_time() - start)
    assert seconds[1] < 0.6 * seconds[0]


def test_probabilities_are_as_sharp_as_those_of_mean_places(chances):
    dense, positions = chances
    found = Posterior(positions, csr_matrix(dense), np.arange(40), np.ones(10), 3.0)
    sharp = dense**3 / (dense**3).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found.mean(), sharp @ positions, rtol=1e-6)
    expected = sharp @ cdist(positions, positions)
    np.testing.assert_allclose(found.expected_distance(positions), expected, rtol=1e-6)


def test_the_middle_of_two_places_is_not_the_nearest():
    positions = np.array([[0.0, 0.0], [1.0, 0.0]])
    chance = csr_matrix([[0.6, 0.4]])
    near, middle, far = expected_distance(
        chance, positions, [[0, 0], [0.5, 0], [1, 0]], np.zeros(2)
    )[0]
    assert near < middle < far


def test_unit_and_frame_do_not_matter(chances):
    dense, positions = chances
    turn, _ = np.linalg.qr(np.random.default_rng(2).normal(size=(3, 3)))
    chance = csr_matrix(dense)
    expected = expected_distance(chance, positions, positions[:7], NONE)
    moved = 50.0 * positions @ turn + 9.0
    np.testing.assert_allclose(
        expected_distance(chance, moved, moved[:7], NONE), 50.0 * expected, rtol=1e-5
    )


def test_places_of_other_dimensions_are_refused(chances):
    dense, positions = chances
    with pytest.raises(ValueError, match="have 2 dimensions, and the positions of the posterior 3"):
        expected_distance(csr_matrix(dense), positions, positions[:, :2], NONE)


def test_errors_of_positions_are_steps_at_a_right_angle(chances):
    dense, positions = chances
    errors = np.random.default_rng(3).uniform(size=40)
    found = Posterior(
        positions, csr_matrix(dense), np.arange(40), np.ones(10), position_errors=errors
    )
    expected = dense @ np.sqrt(cdist(positions, positions[:7]) ** 2 + errors[:, None] ** 2)
    np.testing.assert_allclose(found.expected_distance(positions[:7]), expected, rtol=1e-6)
    np.testing.assert_array_equal(found.of([3, 1]).position_errors, errors)
