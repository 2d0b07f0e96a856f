import numpy as np
import pytest

from dpvae.geometry.placement.constraint import AnchorConstraint, Unconstrained
from dpvae.geometry.placement.majorization import guttman_transform

CELLS = np.array([1, 4, 5, 9])
HARD = np.full(4, np.inf)


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
    found = AnchorConstraint(CELLS, places, HARD).restrict(guttman_transform(targets, support)[0])
    np.testing.assert_allclose(found[:, is_free].T, expected, atol=1e-12)
    np.testing.assert_array_equal(found[:, CELLS], places)


@pytest.mark.parametrize("penalty", [[0.02] * 4, [1.0] * 4, [30.0, 0.1, 2.0, 0.5]])
def test_soft_anchors_solve_the_penalised_normal_equations(problem, penalty):
    targets, support, places = problem
    curvature, force = dense_system(targets, support)
    curvature[CELLS, CELLS] += 12 * np.array(penalty)
    force[CELLS] += 12 * np.array(penalty)[:, None] * places.T
    frame = AnchorConstraint(CELLS, places, np.array(penalty))
    found = frame.restrict(guttman_transform(targets, support)[0])
    np.testing.assert_allclose(found.T, np.linalg.solve(curvature, force), atol=1e-11)


def test_hard_and_soft_anchors_can_be_mixed(problem):
    targets, support, places = problem
    transform = guttman_transform(targets, support)[0]
    found = AnchorConstraint(CELLS, places, np.array([np.inf, 0.3, np.inf, 2.0])).restrict(
        transform
    )
    nearly = AnchorConstraint(CELLS, places, np.array([1e9, 0.3, 1e9, 2.0])).restrict(transform)
    np.testing.assert_allclose(found, nearly, atol=1e-7)
    np.testing.assert_array_equal(found[:, [1, 5]], places[:, [0, 2]])


def test_cost_is_the_documented_penalty(problem):
    _, layout, places = problem
    penalty = np.array([0.3, np.inf, 0.7, 0.1])
    squares = sum(
        penalty[k] * np.sum((layout[:, c] - places[:, k]) ** 2)
        for k, c in enumerate(CELLS)
        if k != 1
    )
    assert AnchorConstraint(CELLS, places, penalty).cost(layout) == pytest.approx(12 * squares)
    assert AnchorConstraint(CELLS, places, HARD).cost(layout) == 0.0


def test_a_free_frame_changes_nothing(problem):
    _, layout, _ = problem
    np.testing.assert_array_equal(Unconstrained().restrict(layout), layout)
    assert Unconstrained().cost(layout) == 0.0
