import numpy as np
import pytest
from sklearn.manifold import trustworthiness as dense_trustworthiness

from dpvae.metrics import continuity, ranks, trustworthiness


@pytest.fixture
def cells():
    rng = np.random.default_rng(0)
    tissue = rng.normal(size=(90, 2))
    return tissue, np.c_[tissue, np.zeros(90)] + 0.5 * rng.normal(size=(90, 3))


@pytest.mark.parametrize("k", [1, 5, 20])
def test_equal_those_of_sklearn(cells, k, monkeypatch):
    tissue, latent = cells
    monkeypatch.setattr(ranks, "LARGEST_BLOCK", 700)
    expected = dense_trustworthiness(tissue, latent, n_neighbors=k)
    assert trustworthiness(tissue, latent, n_neighbors=k) == pytest.approx(expected, abs=1e-12)
    expected = dense_trustworthiness(latent, tissue, n_neighbors=k)
    assert continuity(tissue, latent, n_neighbors=k) == pytest.approx(expected, abs=1e-12)


def test_a_fold_is_an_intruder_and_a_cut_a_loss():
    line = np.c_[np.linspace(-1, 1, 200), np.zeros(200)]
    folded = np.abs(line)
    cut = line + np.where(line[:, :1] > 0, 50.0, 0.0) * [[0.0, 1.0]]
    assert trustworthiness(line, folded) < 0.8 < continuity(line, folded)
    assert continuity(line, cut) < trustworthiness(line, cut)


def test_chance_is_a_half_and_samples_tell_it():
    rng = np.random.default_rng(0)
    tissue = rng.uniform(size=(2000, 2))
    for score in (trustworthiness, continuity):
        found = score(tissue, rng.permutation(tissue), max_cells=300)
        assert found == pytest.approx(0.5, abs=0.02)


def test_a_subset_estimates_the_whole(cells):
    whole = trustworthiness(*cells, n_neighbors=5)
    parts = [trustworthiness(*cells, n_neighbors=5, max_cells=30, seed=s) for s in range(20)]
    assert np.mean(parts) == pytest.approx(whole, abs=0.01)


@pytest.mark.parametrize("k", [0, 45])
def test_wrong_numbers_of_neighbors_are_refused(cells, k):
    with pytest.raises(ValueError, match=f"n_neighbors is {k}; .* below half of 90 cells"):
        trustworthiness(*cells, n_neighbors=k)


@pytest.mark.parametrize("score", [trustworthiness, continuity])
def test_a_layout_of_one_place_has_no_score(score):
    places = np.random.default_rng(0).normal(size=(40, 2))
    for pair in ((places, np.ones((40, 2))), (np.ones((40, 2)), places)):
        with pytest.raises(ValueError, match="all 40 rows of one of the two are identical"):
            score(*pair)
