import numpy as np
import pytest
from scipy.spatial.distance import pdist
from scipy.stats import rankdata

from dpvae.metrics import distance_spearman


def noisy_pair(n_cells):
    rng = np.random.default_rng(n_cells)
    true = rng.uniform(size=(n_cells, 2))
    return true, true + 0.2 * rng.normal(size=(n_cells, 2))


def test_equals_the_correlation_of_all_ranks():
    true, recovered = noisy_pair(60)
    ranks = rankdata(pdist(true)), rankdata(pdist(recovered))
    assert distance_spearman(true, recovered) == pytest.approx(np.corrcoef(*ranks)[0, 1])


def test_a_sample_of_pairs_is_near_all_pairs():
    pair = noisy_pair(800)
    sampled = distance_spearman(*pair, max_pairs=50_000)
    assert sampled == pytest.approx(distance_spearman(*pair, max_pairs=10**6), abs=0.01)
    assert sampled == distance_spearman(*pair, max_pairs=50_000, seed=0)
    assert sampled != distance_spearman(*pair, max_pairs=50_000, seed=1)


def test_only_the_order_of_distances_counts():
    line = np.c_[np.sort(np.random.default_rng(0).uniform(size=4)), np.zeros(4)]
    bent = np.array([[0, 0], [1, 0], [3, 0]])
    assert distance_spearman(bent, bent**3) == pytest.approx(1.0)
    assert distance_spearman(line, 7.0 - 3.0 * line) == pytest.approx(1.0)


def test_shuffled_cells_score_zero():
    rng = np.random.default_rng(3)
    true = rng.uniform(size=(3000, 2))
    assert abs(distance_spearman(true, rng.permutation(true))) < 0.02


def test_collapsed_cells_are_refused():
    with pytest.raises(ValueError, match="all 4 rows of recovered are identical"):
        distance_spearman(np.eye(4)[:, :2], np.zeros((4, 2)))


def test_equal_distances_cannot_be_ranked():
    triangle = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    with pytest.raises(ValueError, match="all 3 distances of one set are equal"):
        distance_spearman(triangle, triangle)
