import numpy as np
import pytest

from dpvae.geometry.regression.label_pool import fit_weights, pooled


def opinion(codes, strength, n_labels=3, seed=0):
    """Calibrated probabilities: normal evidence of a strength, and codes drawn by them."""
    score = strength * np.random.default_rng(seed).normal(size=(len(codes), n_labels))
    score[np.arange(len(codes)), codes] += strength**2
    weight = np.exp(score)
    return weight / weight.sum(axis=1, keepdims=True)


@pytest.fixture
def codes():
    return np.random.default_rng(9).integers(3, size=4000)


def test_equals_the_product_of_powers():
    rng = np.random.default_rng(0)
    one, other = rng.dirichlet(np.ones(4), 5), rng.dirichlet(np.ones(4), 5)
    expected = np.maximum(one, 1e-4) ** 0.7 * np.maximum(other, 1e-4) ** 1.2
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(pooled([one, other], np.array([0.7, 1.2])), expected)


def test_a_probability_of_zero_is_no_veto():
    sure, other = np.array([[1.0, 0.0]]), np.array([[1e-4, 1 - 1e-4]])
    assert pooled([sure, other], np.array([0.5, 1.0]))[0, 1] > 0.9


def test_independent_opinions_count_in_full_without_their_prior(codes):
    flat = np.full((len(codes), 3), 1 / 3)
    opinions = [opinion(codes, 1.0, seed=1), opinion(codes, 0.7, seed=2), flat]
    np.testing.assert_allclose(fit_weights(opinions, codes)[:2], 1.0, atol=0.1)


def test_an_opinion_that_is_given_twice_counts_once(codes):
    one = opinion(codes, 1.0)
    weights = fit_weights([one, one, np.full(one.shape, 1 / 3)], codes)
    assert weights[:2].sum() == pytest.approx(1.0, abs=0.1)


def test_what_knows_nothing_does_not_count(codes):
    noise = opinion(np.random.default_rng(5).permutation(codes), 1.0, seed=3)
    weights = fit_weights([opinion(codes, 1.0), noise, np.full(noise.shape, 1 / 3)], codes)
    assert weights[0] == pytest.approx(1.0, abs=0.1)
    assert weights[1] < 0.1


def test_what_is_too_sure_is_made_as_sure_as_it_is_right(codes):
    right = opinion(codes, 1.0)
    sure = right**3 / (right**3).sum(axis=1, keepdims=True)
    flat = np.full(right.shape, 1 / 3)
    weights = fit_weights([sure, flat, flat], codes)
    assert weights[0] == pytest.approx(1 / 3, abs=0.05)
    found = pooled([sure, flat, flat], weights)
    is_right = found.argmax(axis=1) == codes
    assert found.max(axis=1).mean() == pytest.approx(is_right.mean(), abs=0.02)
