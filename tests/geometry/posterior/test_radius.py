import numpy as np
import pytest
from scipy.sparse import csr_matrix

from dpvae.geometry import Posterior
from dpvae.geometry.posterior.radius import radius


@pytest.mark.parametrize("level", [0.2, 0.9])
def test_radius_is_that_of_a_naive_search(level):
    rng = np.random.default_rng(0)
    positions, places = rng.normal(size=(30, 3)), rng.normal(size=(8, 3))
    dense = rng.uniform(size=(8, 30)) * (rng.uniform(size=(8, 30)) < 0.4)
    dense /= dense.sum(axis=1, keepdims=True)
    errors = rng.uniform(size=30) * (np.arange(30) % 2)
    found = radius(csr_matrix(dense), positions, places, level, errors)
    for cell, place in enumerate(places):
        distance = np.sqrt(((positions - place) ** 2).sum(axis=1) + errors**2)
        candidates = np.sort(distance[dense[cell] > 0])
        held = np.array([dense[cell, distance <= r].sum() for r in candidates])
        assert found[cell] == pytest.approx(candidates[np.argmax(held >= level - 1e-6)])


def test_guessed_positions_hold_true_places_by_their_errors():
    """Cells that are surely the one at a guessed position: half lie within the radius of a half."""
    rng = np.random.default_rng(1)
    true = rng.uniform(0, 100, size=(600, 2))
    guess = true + 8.0 * rng.normal(size=true.shape)
    error = np.full(600, np.linalg.norm(guess - true, axis=1).mean())
    sure = csr_matrix(np.eye(600))
    found = Posterior(guess, sure, np.arange(600), np.ones(600), position_errors=error)
    distance = np.linalg.norm(found.mean() - true, axis=1)
    assert 0.45 < (distance < found.radius(0.5)).mean() < 0.62
    expected = [found.of([i]).expected_distance(found.mean()[[i]])[0, 0] for i in range(50)]
    assert np.mean(expected) == pytest.approx(distance.mean(), rel=0.05)
    measured = Posterior(guess, sure, np.arange(600), np.ones(600))
    assert measured.radius(0.9).max() == 0.0


def test_errors_of_other_positions_are_refused():
    with pytest.raises(ValueError, match="3 positions, but 2 position_errors"):
        Posterior(
            np.eye(3)[:, :2],
            csr_matrix([[1.0, 0.0, 0.0]]),
            np.arange(3),
            np.ones(1),
            position_errors=np.ones(2),
        )
