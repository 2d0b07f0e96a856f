from itertools import permutations

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from dpvae.geometry import assign_positions, assignment


@pytest.fixture
def clump():
    """600 cells drawn to the middle of 1,000 positions."""
    rng = np.random.default_rng(0)
    positions = rng.uniform(size=(1000, 2))
    return 0.3 + 0.4 * positions[:600] + rng.normal(0, 0.02, (600, 2)), positions


def squared_moves(cells, positions, assigned):
    return ((cells - positions[assigned]) ** 2).sum()


def test_no_other_assignment_of_a_few_cells_is_nearer():
    rng = np.random.default_rng(1)
    cells, positions = rng.normal(size=(4, 3)), rng.normal(size=(6, 3))
    best = min(permutations(range(6), 4), key=lambda p: squared_moves(cells, positions, list(p)))
    assert assign_positions(cells, positions).tolist() == list(best)


def test_cells_at_the_positions_stay_there():
    positions = np.random.default_rng(0).uniform(size=(3000, 2))
    order = np.random.default_rng(1).permutation(3000)
    np.testing.assert_array_equal(assign_positions(positions[order], positions), order)


def test_blocks_are_nearly_as_good_as_the_optimum(clump, monkeypatch):
    cells, positions = clump
    rows, columns = linear_sum_assignment(cdist(cells, positions, "sqeuclidean"))
    optimum = squared_moves(cells, positions, columns[np.argsort(rows)])
    monkeypatch.setattr(assignment, "MOST_PAIRS_AT_ONCE", 0)
    monkeypatch.setattr(assignment, "CELLS_OF_A_BLOCK", 64)
    moves = assignment._squared_moves(cells, positions)
    halves = assignment._assigned_by_halves(cells, positions, moves)
    found = assign_positions(cells, positions)
    assert len(set(found)) == 600
    assert squared_moves(cells, positions, found) < 1.1 * optimum
    assert squared_moves(cells, positions, found) < squared_moves(cells, positions, halves)
    np.testing.assert_array_equal(found, assign_positions(cells, positions, seed=0))


@pytest.mark.parametrize("most_pairs", [0, 10**9])
def test_no_position_takes_more_than_it_has_room_for(clump, monkeypatch, most_pairs):
    monkeypatch.setattr(assignment, "MOST_PAIRS_AT_ONCE", most_pairs)
    cells, positions = clump
    capacity = np.arange(40) % 4 * 15  # 900 places, 10 positions without any
    taken = np.bincount(assign_positions(cells, positions[:40], capacity=capacity), minlength=40)
    assert (taken <= capacity).all()
    assert taken.sum() == 600


@pytest.mark.slow
def test_room_for_everyone_is_the_nearest_position(clump):
    cells, positions = clump
    nearest = cdist(cells, positions[:50]).argmin(axis=1)
    for capacity in (None, 600, 10**6):
        found = assign_positions(cells, positions[:50], capacity=capacity)
        np.testing.assert_array_equal(found, nearest)


def test_all_cells_in_one_point_fill_the_nearest_positions(monkeypatch):
    positions = np.random.default_rng(0).normal(size=(2000, 2))
    nearest = np.argsort(np.linalg.norm(positions, axis=1))[:300]
    cells = np.zeros((300, 2))
    assert set(assign_positions(cells, positions)) == set(nearest)
    monkeypatch.setattr(assignment, "MOST_PAIRS_AT_ONCE", 0)
    found = assign_positions(cells, positions)
    assert len(set(found)) == 300
    assert np.linalg.norm(positions[found], axis=1).max() < 3


@pytest.mark.slow
def test_unit_and_frame_do_not_matter(clump):
    cells, positions = clump
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    moved = assign_positions(1000 * cells @ turn + 5e4, 1000 * positions @ turn + 5e4)
    np.testing.assert_array_equal(moved, assign_positions(cells, positions))


def test_cells_of_unknown_place_get_none_and_take_no_room():
    cells = [[np.nan, np.nan], [0.0, 0.1], [np.nan, np.nan]]
    assert assign_positions(cells, [[0.0, 0.0]]).tolist() == [-1, 0, -1]
    assert assign_positions(cells, [[0.0, 0.0]], capacity=None).tolist() == [-1, 0, -1]


@pytest.mark.parametrize(
    ("positions", "capacity", "message"),
    [
        ([[0, 0, 0]], 1, "2 dimensions and positions 3"),
        ([[0, 0], [np.nan, np.nan]], 1, "1 of 2 positions are NaN"),
        (np.empty((0, 2)), 1, "no positions"),
        ([[0, 0], [1, 1]], 1, r"3 cells do not fit: 2 positions have room for 2. Pass capacity=2"),
        ([[0, 0], [1, 1]], 1.5, "pass a whole number"),
        ([[0, 0], [1, 1]], [1, 2, 3], "one for each of the 2 positions"),
        ([[0, 0], [1, 1]], [9, -1], "negative for 1 position"),
    ],
)
def test_what_cannot_be_done_is_refused(positions, capacity, message):
    with pytest.raises(ValueError, match=message):
        assign_positions(np.zeros((3, 2)), positions, capacity=capacity)


def test_no_other_assignment_costs_less():
    rng = np.random.default_rng(1)
    costs = rng.normal(size=(4, 6))
    best = min(permutations(range(6), 4), key=lambda p: costs[range(4), list(p)].sum())
    cells, positions = rng.normal(size=(4, 2)), rng.normal(size=(6, 2))
    assert assign_positions(cells, positions, costs=costs).tolist() == list(best)
    assert assign_positions(cells, positions, costs=costs + 9).tolist() == list(best)
    found = assign_positions(cells, positions, costs=costs, capacity=None)
    np.testing.assert_array_equal(found, costs.argmin(axis=1))


@pytest.mark.slow
@pytest.mark.parametrize("capacity", [1, 2, None])
def test_squared_distances_are_the_usual_costs(clump, capacity):
    cells, positions = clump
    cells[::7] = np.nan
    costs = cdist(cells, positions, "sqeuclidean")
    before = costs.copy()
    found = assign_positions(cells, positions, costs=costs, capacity=capacity)
    np.testing.assert_array_equal(found, assign_positions(cells, positions, capacity=capacity))
    np.testing.assert_array_equal(costs, before)


@pytest.mark.parametrize("n_positions", [600, 1000])
def test_blocks_find_places_at_the_far_end(monkeypatch, n_positions):
    """Cells that could be on both sides of a tissue, whose coordinates are their middle."""
    rng = np.random.default_rng(0)
    positions = rng.uniform(-1, 1, size=(n_positions, 2))
    seen = positions[:600] + rng.normal(0, 0.05, (600, 2))
    costs = np.minimum(cdist(seen, positions), 0.02 + cdist(seen * [-1, 1], positions))
    middle = seen * [0, 1]
    rows, columns = linear_sum_assignment(costs)
    optimum = costs[rows, columns].sum()
    monkeypatch.setattr(assignment, "MOST_PAIRS_AT_ONCE", 0)
    found = assign_positions(middle, positions, costs=costs)
    assert len(set(found)) == 600
    assert costs[rows, found].sum() < 1.1 * optimum
    by_places = assign_positions(middle, positions)
    assert costs[rows, by_places].sum() > 2 * optimum


@pytest.mark.parametrize("costs", [np.zeros((3, 2)), np.zeros(3), np.full((2, 3), np.nan)])
def test_costs_that_do_not_fit_are_refused(costs):
    with pytest.raises(ValueError, match=r"costs has the shape .* 2 cells and each of the 3 pos"):
        assign_positions(np.zeros((2, 2)), np.zeros((3, 2)), costs=costs)
