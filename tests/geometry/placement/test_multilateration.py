import numpy as np
import pytest
from scipy.optimize import minimize

from dpvae.geometry.placement.multilateration import multilaterate


def naive_weights(wanted, weighting):
    if weighting == "uniform":
        return np.ones_like(wanted)
    return 1.0 / (wanted**2 + np.sort(wanted)[9] ** 2)


@pytest.fixture
def cells():
    rng = np.random.default_rng(0)
    tissue = rng.uniform(size=(70, 2))
    targets = np.c_[tissue, np.zeros((70, 3))] + 0.05 * rng.normal(size=(70, 5))
    return targets[:20], targets[20:], tissue[20:]


@pytest.mark.parametrize("weighting", ["uniform", "local"])
def test_every_cell_is_at_the_minimum_of_its_objective(cells, weighting):
    targets, landmark_targets, landmarks = cells
    placement = multilaterate(targets, landmark_targets, landmarks, weighting=weighting)
    residual = total = 0.0
    for target, place in zip(targets, placement.coordinates, strict=True):
        wanted = np.linalg.norm(landmark_targets - target, axis=1)
        weight = naive_weights(wanted, weighting)

        def loss(x, wanted=wanted, weight=weight):
            return (weight * (np.linalg.norm(landmarks - x, axis=1) - wanted) ** 2).sum()

        best = minimize(loss, place, tol=1e-12)
        assert loss(place) == pytest.approx(best.fun, rel=1e-8)
        np.testing.assert_allclose(place, best.x, atol=1e-5)
        residual += loss(place)
        total += (weight * wanted**2).sum()
    assert placement.stress == pytest.approx(np.sqrt(residual / total), rel=1e-8)


def test_a_cell_with_the_latents_of_ten_landmarks_is_placed_on_them():
    rng = np.random.default_rng(1)
    landmarks = rng.uniform(size=(60, 2))
    landmarks[:12] = [0.3, 0.6]
    placement = multilaterate(landmarks[:1], landmarks, landmarks, weighting="local")
    np.testing.assert_allclose(placement.coordinates, [[0.3, 0.6]], atol=1e-6)


def test_fewer_landmarks_than_near_ones():
    corners = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]])
    cell = np.array([[1.0, 2.0]])
    placement = multilaterate(cell, corners, corners, weighting="local")
    np.testing.assert_allclose(placement.coordinates, cell, atol=1e-6)
