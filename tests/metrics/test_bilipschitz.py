import numpy as np
import pytest
from scipy.spatial.distance import pdist

from dpvae.metrics import bilipschitz_distortion


@pytest.fixture
def cells():
    rng = np.random.default_rng(0)
    tissue = rng.normal(size=(60, 2))
    return tissue, 2.0 * tissue + 0.3 * rng.normal(size=(60, 2))


@pytest.mark.slow
@pytest.mark.parametrize("epsilon", [0.0, 0.05, 0.4])
def test_is_the_narrowest_interval_that_holds_the_pairs(cells, epsilon):
    tissue, latent = cells
    found = bilipschitz_distortion(tissue, latent, epsilon=epsilon, distance_scale=2.0)
    stretch = np.sort(pdist(latent) / (2.0 * pdist(tissue)))
    n_pairs, best = len(stretch), np.inf
    for i in range(n_pairs):
        for j in range(i, n_pairs):
            if (j - i + 1) >= (1 - epsilon) * n_pairs:
                best = min(best, stretch[j] / stretch[i])
                break
    assert found.ratio == pytest.approx(best)
    assert found.ratio == pytest.approx(found.upper / found.lower)
    inside = (stretch >= found.lower) & (stretch <= found.upper)
    assert inside.mean() >= 1 - epsilon


def test_the_scale_moves_the_bounds_and_not_their_ratio(cells):
    one, two = (bilipschitz_distortion(*cells, distance_scale=s) for s in (1.0, 4.0))
    assert one.ratio == pytest.approx(two.ratio)
    assert one.lower == pytest.approx(4 * two.lower)
    assert bilipschitz_distortion(*cells).distance_scale == pytest.approx(2.0, rel=0.1)


def test_scaled_copies_are_perfect_and_shuffled_cells_are_not(cells):
    tissue, _ = cells
    assert bilipschitz_distortion(tissue, 7 * tissue[:, ::-1], epsilon=0).ratio == pytest.approx(1)
    square = np.random.default_rng(1).uniform(size=(2000, 2))
    shuffled = np.random.default_rng(2).permutation(square)
    assert 30 < bilipschitz_distortion(square, shuffled).ratio < 50


def test_lost_distances_are_infinitely_distorted(cells):
    tissue, latent = cells
    latent[:40] = 0.0
    assert bilipschitz_distortion(tissue, latent).ratio == np.inf
    doubled = np.vstack([tissue, tissue])
    assert np.isfinite(bilipschitz_distortion(doubled, doubled).ratio)


@pytest.mark.parametrize("epsilon", [-0.1, 1.0, np.nan])
def test_a_wrong_share_is_refused(cells, epsilon):
    with pytest.raises(ValueError, match="epsilon is"):
        bilipschitz_distortion(*cells, epsilon=epsilon)
