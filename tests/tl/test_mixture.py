import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from dpvae.tl.mixture import mixture_probabilities

SIZES = (80, 50, 30)


@pytest.fixture
def planted():
    """Three long parallel groups, which distances alone would cut across."""
    rng = np.random.default_rng(0)
    label = np.repeat(np.arange(3), SIZES)
    latent = np.c_[3.0 * label, np.zeros(len(label))] + rng.normal(size=(len(label), 2)) * [
        0.4,
        2.0,
    ]
    order = rng.permutation(len(label))
    return latent[order], label[order]


def test_groups_are_found_that_distances_cut_across(planted):
    latent, label = planted
    assert (
        adjusted_rand_score(label, KMeans(3, n_init=10, random_state=0).fit_predict(latent)) < 0.5
    )
    found = mixture_probabilities(latent, 3, seed=0)
    np.testing.assert_allclose(found.sum(axis=1), 1.0)
    assert adjusted_rand_score(label, found.argmax(axis=1)) > 0.98


def test_probabilities_are_of_the_mixture_that_was_fitted(planted):
    latent, _ = planted
    found = mixture_probabilities(latent, 3, seed=0)
    share = found.mean(axis=0)
    means = (found.T @ latent) / found.sum(axis=0)[:, None]
    rest = latent[:, None] - means
    covariance = np.einsum("ik,ikc,ikd->cd", found, rest, rest) / len(latent)
    exponent = -0.5 * np.einsum("ikc,cd,ikd->ik", rest, np.linalg.inv(covariance), rest)
    density = share * np.exp(exponent)
    np.testing.assert_allclose(found, density / density.sum(axis=1, keepdims=True), atol=0.02)


def test_order_unit_and_axes_do_not_matter(planted):
    latent, _ = planted
    rng = np.random.default_rng(1)
    shuffle = rng.permutation(len(latent))
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    expected = mixture_probabilities(latent, 3, seed=5)
    found = mixture_probabilities(1e4 * latent[shuffle] @ turn - 3e4, 3, seed=5)
    np.testing.assert_allclose(found, expected[shuffle], atol=1e-5)


def test_constant_dimensions_do_not_matter(planted):
    latent, _ = planted
    found = mixture_probabilities(np.c_[latent, np.full((len(latent), 2), 4.0)], 3, seed=0)
    expected = mixture_probabilities(latent, 3, seed=0)
    assert adjusted_rand_score(expected.argmax(axis=1), found.argmax(axis=1)) == 1.0


def test_a_seed_gives_the_same(planted):
    latent, _ = planted
    first, second = (mixture_probabilities(latent, 4, seed=3) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_more_domains_than_different_rows_are_refused():
    latent = np.repeat(np.eye(3), 10, axis=0)
    assert mixture_probabilities(latent, 3, seed=0).argmax(axis=1).max() == 2
    with pytest.raises(ValueError, match="has 3 different rows, from which 4 domains"):
        mixture_probabilities(latent, 4, seed=0)
