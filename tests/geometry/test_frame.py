import numpy as np
import pytest
from scipy.optimize import minimize

from dpvae.geometry.frame import AnchoredFrame
from dpvae.geometry.majorisation import guttman_transform

CELLS = np.array([1, 4, 5, 9])


def majorising(layout, support, targets):
    n_cells = layout.shape[1]
    transform = guttman_transform(targets, support)[0]
    centred = layout - layout.mean(axis=1, keepdims=True)
    return n_cells * (centred**2).sum() - 2 * n_cells * (layout * transform).sum()


@pytest.fixture
def problem():
    rng = np.random.default_rng(0)
    return rng.normal(size=(5, 12)), rng.normal(size=(2, 12)), rng.normal(size=(2, 4))


def test_hard_anchors_give_the_minimum_of_the_majorising_function(problem):
    targets, support, places = problem
    is_free = ~np.isin(np.arange(12), CELLS)

    def objective(values):
        layout = np.empty((2, 12))
        layout[:, CELLS] = places
        layout[:, is_free] = values.reshape(2, -1)
        return majorising(layout, support, targets)

    found = AnchoredFrame(CELLS, places, None).restrict(guttman_transform(targets, support)[0])
    expected = minimize(objective, np.zeros(16), tol=1e-12).x.reshape(2, -1)
    np.testing.assert_allclose(found[:, is_free], expected, atol=1e-5)
    np.testing.assert_array_equal(found[:, CELLS], places)


@pytest.mark.parametrize("penalty", [0.02, 1.0, 30.0])
def test_soft_anchors_give_the_minimum_of_the_majorising_function(problem, penalty):
    targets, support, places = problem
    frame = AnchoredFrame(CELLS, places, penalty)

    def objective(values):
        layout = values.reshape(2, 12)
        return majorising(layout, support, targets) + frame.cost(layout)

    found = frame.restrict(guttman_transform(targets, support)[0])
    expected = minimize(objective, np.zeros(24), tol=1e-12).x.reshape(2, 12)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_cost_is_the_documented_penalty(problem):
    _, layout, places = problem
    squares = sum(np.sum((layout[:, c] - places[:, k]) ** 2) for k, c in enumerate(CELLS))
    assert AnchoredFrame(CELLS, places, 0.3).cost(layout) == pytest.approx(12 * 0.3 * squares)
    assert AnchoredFrame(CELLS, places, None).cost(layout) == 0.0
