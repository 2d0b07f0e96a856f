import numpy as np
import pytest
from scipy.stats import chi2

from dpvae.metrics.mixture_of_chi_squares import mixture_tail


def powers(weights):
    return [float((weights**k).sum()) for k in (2, 3, 4)]


@pytest.mark.parametrize("freedom", [1, 2, 7, 100])
def test_equal_weights_give_the_tail_of_one_chi_square(freedom):
    values = chi2.isf([0.9, 0.5, 0.05, 1e-3, 1e-8], freedom)
    found = mixture_tail(2.5 * values - 2.5 * freedom, *powers(np.full(freedom, 2.5)))
    np.testing.assert_allclose(found, [0.9, 0.5, 0.05, 1e-3, 1e-8], rtol=1e-6)


@pytest.mark.parametrize("decay", [0.5, 0.9, 0.98])
def test_different_weights_give_the_tail_of_simulated_sums(decay):
    weights = decay ** np.arange(60)
    rng = np.random.default_rng(0)
    sums = rng.chisquare(1, size=(20_000, 60)) @ weights
    for level in (0.5, 0.1, 0.05, 0.01):
        value = np.quantile(sums, 1 - level)
        found = mixture_tail(value - weights.sum(), *powers(weights))
        assert abs(found - level) < 0.12 * level


def test_negative_weights_are_allowed_and_no_skewness_is_normal():
    assert mixture_tail(0.0, 2.0, 0.0, 2.0) == pytest.approx(0.5)
    assert mixture_tail(1.96 * 2, 2.0, 0.0, 2.0) == pytest.approx(0.025, abs=1e-4)
    assert mixture_tail(1.96 * 2, 2.0, -0.5, 2.0) == pytest.approx(0.025, abs=1e-4)


def test_nothing_that_varies_has_no_tail():
    found = mixture_tail(np.array([0.0, 1.0]), np.array([0.0, 1.0]), 1.0, 1.0)
    assert np.isnan(found[0])
    assert 0 < found[1] < 1


def test_below_all_values_the_tail_is_one():
    assert mixture_tail(-1e6, *powers(0.5 ** np.arange(9))) == pytest.approx(1.0)
