import numpy as np
from scipy.spatial.distance import cdist

from dpvae.geometry.placement.farthest_points import farthest_point_sample, farthest_points


def naive_farthest_points(points, n_chosen, first):
    chosen = [first]
    while len(chosen) < n_chosen:
        chosen.append(int(cdist(points, points[chosen]).min(axis=1).argmax()))
    return sorted(chosen)


def test_equals_a_naive_farthest_point_search():
    points = np.random.default_rng(0).normal(size=(60, 3))
    first = int(np.random.default_rng(4).integers(60))
    expected = naive_farthest_points(points, 12, first)
    assert farthest_point_sample(points, 12, seed=4).tolist() == expected


def test_the_first_cell_can_be_given():
    line = np.arange(9.0)[:, None] * [1.0, 0.0]
    assert farthest_points(line, 3, 0).tolist() == [0, 4, 8]
    assert farthest_points(line, 3, 4).tolist() == [0, 4, 8]
    assert farthest_points(line, 2, 3).tolist() == [3, 8]


def test_few_cells_are_all_chosen():
    points = np.random.default_rng(0).normal(size=(7, 2))
    np.testing.assert_array_equal(farthest_point_sample(points, 7), np.arange(7))


def test_no_cell_is_chosen_twice_where_cells_coincide():
    points = np.repeat(np.eye(3)[:, :2], 20, axis=0)
    assert len(np.unique(farthest_point_sample(points, 30))) == 30


def test_sparse_regions_are_covered():
    rng = np.random.default_rng(1)
    island = np.array([3.0, 0.0]) + rng.uniform(size=(30, 2))
    points = np.vstack([rng.uniform(size=(3000, 2)), island])
    landmarks = points[farthest_point_sample(points, 200)]
    assert cdist(points, landmarks).min(axis=1).max() < 0.12
