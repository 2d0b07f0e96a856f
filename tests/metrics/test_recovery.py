import numpy as np
import pytest

from dpvae.metrics.recovery import Recovery


@pytest.fixture
def recovery():
    rng = np.random.default_rng(0)
    return Recovery(rng.uniform(size=(60, 2)), rng.uniform(size=(60, 3)))


def test_neighbors_are_those_of_a_naive_search(recovery):
    for points, neighbors in (
        (recovery.true, recovery.true_neighbors),
        (recovery.recovered, recovery.recovered_neighbors),
    ):
        for i, (indices, reach) in enumerate(zip(neighbors.indices, neighbors.reach, strict=True)):
            distance = np.linalg.norm(points - points[i], axis=1)
            distance[i] = np.inf
            np.testing.assert_array_equal(indices, np.argsort(distance)[:15])
            assert reach == pytest.approx(np.sort(distance)[14])


def test_they_are_searched_once(recovery):
    assert recovery.true_neighbors is recovery.true_neighbors
    assert recovery.recovered_neighbors is recovery.recovered_neighbors
