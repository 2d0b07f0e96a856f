import numpy as np
import pytest

from dpvae.geometry.frame import AnchoredFrame, FreeFrame
from dpvae.geometry.majorisation import guttman_transform

CELLS = np.array([1, 4, 5, 9])


def dense_system(targets, support):
    n_cells = support.shape[1]
    stretch = np.zeros((n_cells, n_cells))
    for i in range(n_cells):
        for j in range(n_cells):
            if i != j:
                wanted = np.linalg.norm(targets[:, i] - targets[:, j])
                stretch[i, j] = -wanted / np.linalg.norm(support[:, i] - support[:, j])
    np.fill_diagonal(stretch, -stretch.sum(axis=1))
    return n_cells * np.eye(n_cells) - 1.0, stretch @ support.T


@pytest.fixture
def problem():
    rng = np.random.default_rng(0)
    return rng.normal(size=(5, 12)), rng.normal(size=(2, 12)), rng.normal(size=(2, 4))


def test_hard_anchors_solve_the_restricted_normal_equations(problem):
    targets, support, places = problem
    curvature, force = dense_system(targets, support)
    is_free = ~np.isin(np.arange(12), CELLS)
    right = force[is_free] - curvature[np.ix_(is_free, CELLS)] @ places.T
    expected = np.linalg.solve(curvature[np.ix_(is_free, is_free)], right)
    found = AnchoredFrame(CELLS, places, None).restrict(guttman_transform(targets, support)[0])
    np.testing.assert_allclose(found[:, is_free].T, expected, atol=1e-12)
    np.testing.assert_array_equal(found[:, CELLS], places)


@pytest.mark.parametrize("penalty", [0.02, 1.0, 30.0])
def test_soft_anchors_solve_the_penalised_normal_equations(problem, penalty):
    targets, support, places = problem
    curvature, force = dense_system(targets, support)
    curvature[CELLS, CELLS] += 12 * penalty
    force[CELLS] += 12 * penalty * places.T
    frame = AnchoredFrame(CELLS, places, penalty)
    found = frame.restrict(guttman_transform(targets, support)[0])
    np.testing.assert_allclose(found.T, np.linalg.solve(curvature, force), atol=1e-11)


def test_cost_is_the_documented_penalty(problem):
    _, layout, places = problem
    squares = sum(np.sum((layout[:, c] - places[:, k]) ** 2) for k, c in enumerate(CELLS))
    assert AnchoredFrame(CELLS, places, 0.3).cost(layout) == pytest.approx(12 * 0.3 * squares)
    assert AnchoredFrame(CELLS, places, None).cost(layout) == 0.0


def test_a_free_frame_changes_nothing(problem):
    _, layout, _ = problem
    np.testing.assert_array_equal(FreeFrame().restrict(layout), layout)
    assert FreeFrame().cost(layout) == 0.0
