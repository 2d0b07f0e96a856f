import numpy as np
import pytest

from dpvae.metrics import neighbor_overlap


def naive_overlap(true, recovered, k):
    shares = []
    for i in range(len(true)):
        nearest = []
        for points in (true, recovered):
            distance = np.linalg.norm(points - points[i], axis=1)
            distance[i] = np.inf
            nearest.append(set(np.argsort(distance)[:k].tolist()))
        shares.append(len(nearest[0] & nearest[1]) / k)
    return np.mean(shares)


@pytest.fixture
def pair():
    rng = np.random.default_rng(0)
    true = rng.uniform(size=(60, 2))
    return true, true + 0.1 * rng.normal(size=(60, 2))


@pytest.mark.parametrize("k", [1, 7, 15])
def test_equals_a_naive_count(pair, k):
    assert neighbor_overlap(*pair, n_neighbors=k) == pytest.approx(naive_overlap(*pair, k))


def test_ties_of_a_turned_grid_count_in_favor():
    grid = np.stack(np.meshgrid(np.arange(12.0), np.arange(12.0)), axis=-1).reshape(-1, 2)
    turn = np.array([[np.cos(0.3), np.sin(0.3)], [-np.sin(0.3), np.cos(0.3)]])
    assert neighbor_overlap(grid, 55.0 * grid @ turn) == 1.0


def test_coinciding_cells_are_neighbors_but_not_their_own():
    pairs = np.repeat(np.arange(20.0)[:, None] * [1.0, 0.0], 2, axis=0)
    assert neighbor_overlap(pairs, pairs, n_neighbors=1) == 1.0
    parted = np.where(np.arange(40)[:, None] % 2, pairs, np.array([1e3, 0.0]) + pairs)
    assert neighbor_overlap(pairs, parted, n_neighbors=1) == 0.0


def test_shuffled_cells_score_what_is_documented():
    rng = np.random.default_rng(1)
    true = rng.uniform(size=(1000, 2))
    overlap = neighbor_overlap(true, rng.permutation(true), n_neighbors=50)
    assert overlap == pytest.approx(50 / 999, rel=0.1)


def test_more_neighbors_than_cells_are_all_shared(pair):
    assert neighbor_overlap(*pair, n_neighbors=500) == 1.0


def test_two_cells_have_no_neighborhood():
    with pytest.raises(ValueError, match=r"2 of 2 cells .* at least 3"):
        neighbor_overlap(np.eye(2), np.eye(2))


def test_n_neighbors_must_be_positive(pair):
    with pytest.raises(ValueError, match="n_neighbors is 0"):
        neighbor_overlap(*pair, n_neighbors=0)


def test_a_layout_of_one_place_has_no_neighbours():
    places = np.random.default_rng(0).normal(size=(40, 2))
    with pytest.raises(ValueError, match="all 40 rows of recovered are identical"):
        neighbor_overlap(places, np.ones((40, 2)))
    with pytest.raises(ValueError, match="all 40 rows of true are identical"):
        neighbor_overlap(np.ones((40, 2)), places)
