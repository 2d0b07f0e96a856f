import numpy as np
import pytest
from scipy.spatial.distance import pdist

from dpvae.geometry import pair_distances, pairs_within


def test_all_pairs_of_few_cells():
    section = np.array([3, 1, 3, 1, 3, 8])
    first, second = pairs_within(section)
    found = {frozenset(pair) for pair in zip(first.tolist(), second.tolist(), strict=True)}
    expected = {frozenset((i, j)) for i in range(6) for j in range(i) if section[i] == section[j]}
    assert found == expected
    assert len(first) == len(expected)


def test_drawn_pairs_are_uniform_over_pairs_within_sections():
    section = np.array([0, 1, 1, 0, 2, 1, 0, 0])
    first, second = pairs_within(np.tile(section, 1), max_pairs=8, seed=0)
    assert len(first) == 8
    counts = np.zeros((8, 8))
    for seed in range(3000):
        first, second = pairs_within(section, max_pairs=8, seed=seed)
        np.add.at(counts, (first, second), 1)
    allowed = (section[:, None] == section) & ~np.eye(8, dtype=bool)
    assert counts[~allowed].sum() == 0
    expected = counts.sum() / allowed.sum()
    np.testing.assert_allclose(counts[allowed], expected, rtol=0.12)


def test_pairs_are_the_same_for_the_same_seed():
    section = np.zeros(500, dtype=int)
    once = pairs_within(section, max_pairs=100, seed=3)
    np.testing.assert_array_equal(once, pairs_within(section, max_pairs=100, seed=3))
    assert (once[0] != pairs_within(section, max_pairs=100, seed=4)[0]).any()


def test_no_pairs_without_two_cells_in_a_section():
    first, second = pairs_within(np.arange(4))
    assert len(first) == len(second) == 0


def test_distances_equal_scipy():
    points = np.random.default_rng(0).normal(size=(40, 5))
    rows = np.triu_indices(40, 1)
    np.testing.assert_allclose(pair_distances(points, *rows), pdist(points))


def test_max_pairs_must_be_positive():
    with pytest.raises(ValueError, match="max_pairs is 0"):
        pairs_within(np.zeros(3, dtype=int), max_pairs=0)
