import tracemalloc

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from dpvae.geometry import normalized_stress
from dpvae.geometry.placement.stress import sampled_residual, sampled_stress


def naive_stress(coordinates, latent, distance_scale):
    residual = total = 0.0
    for i in range(len(latent)):
        for j in range(i):
            wanted = np.linalg.norm(latent[i] - latent[j]) / distance_scale
            residual += (wanted - np.linalg.norm(coordinates[i] - coordinates[j])) ** 2
            total += wanted**2
    return np.sqrt(residual / total)


@pytest.fixture
def pair():
    rng = np.random.default_rng(0)
    return rng.normal(size=(60, 3)), rng.normal(size=(60, 8))


def test_equals_a_double_loop(pair):
    found = normalized_stress(*pair, distance_scale=1.7)
    assert found == pytest.approx(naive_stress(*pair, 1.7), rel=1e-12)


def test_ignores_rigid_motions_and_the_order_of_cells(pair):
    coordinates, latent = pair
    rotation = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]
    order = np.random.default_rng(2).permutation(60)
    moved = normalized_stress((coordinates @ rotation + 5.0)[order], (latent - 3.0)[order])
    assert moved == pytest.approx(normalized_stress(coordinates, latent), rel=1e-10)


def test_ignores_a_common_unit(pair):
    coordinates, latent = pair
    expected = normalized_stress(coordinates, latent, distance_scale=2.0)
    found = normalized_stress(1e4 * coordinates, latent, distance_scale=2e-4)
    assert found == pytest.approx(expected, rel=1e-10)


def test_large_offsets_do_not_cost_precision(pair):
    coordinates, latent = pair
    far = normalized_stress(coordinates + 1e6, latent + 1e6)
    assert far == pytest.approx(normalized_stress(coordinates, latent), rel=1e-8)


def test_known_values(pair):
    coordinates, _ = pair
    assert normalized_stress(coordinates, coordinates) == 0.0
    assert normalized_stress(0.0 * coordinates, coordinates) == pytest.approx(1.0)
    assert normalized_stress(0.9 * coordinates, coordinates) == pytest.approx(0.1)
    assert normalized_stress(np.ones((4, 2)), np.ones((4, 5))) == 0.0
    assert normalized_stress(np.eye(4)[:, :2], np.ones((4, 5))) == np.inf


def test_memory_stays_far_below_all_pairs():
    rng = np.random.default_rng(0)
    coordinates, latent = rng.normal(size=(4000, 2)), rng.normal(size=(4000, 5))
    normalized_stress(coordinates[:10], latent[:10])
    tracemalloc.start()
    normalized_stress(coordinates, latent)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4000**2 * 8 / 50


def test_sampled_stress_is_near_the_stress_over_all_pairs():
    rng = np.random.default_rng(3)
    latent = rng.normal(size=(2000, 4))
    targets, layout = latent.T.copy(), latent[:, :2].T.copy()
    squares = (pdist(latent) - pdist(latent[:, :2])) ** 2
    assert sampled_stress(targets, layout, seed=0) == pytest.approx(
        normalized_stress(latent[:, :2], latent), rel=0.01
    )
    assert sampled_residual(targets, layout, seed=0) == pytest.approx(squares.sum(), rel=0.02)


def test_rows_must_match():
    with pytest.raises(ValueError, match="coordinates has 2 rows; 3 are needed"):
        normalized_stress(np.eye(2), np.eye(3))


def test_unknown_places_are_refused():
    with pytest.raises(ValueError, match="coordinates has NaN or infinite values in 1 of 2"):
        normalized_stress([[0.0, 0.0], [np.nan, np.nan]], np.eye(2))
