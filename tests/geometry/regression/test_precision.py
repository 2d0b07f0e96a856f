import numpy as np
import pytest

from dpvae.geometry.regression.precision import left_out_weights, precision_weights


def test_weights_give_the_mean_of_least_variance():
    rng = np.random.default_rng(0)
    deviations = np.array([1.0, 2.0, 4.0])
    errors = deviations[:, None] * rng.normal(size=(3, 20_000))
    weights = precision_weights(deviations**2)
    assert weights.sum() == pytest.approx(1.0)
    least = (weights @ errors).var()
    for change in rng.normal(size=(50, 3)) * 0.3:
        other = np.abs(weights + change)
        assert least < 1.02 * (other / other.sum() @ errors).var()


def test_the_unit_does_not_matter():
    squared = np.array([0.3, 5.0, 2.0])
    np.testing.assert_allclose(precision_weights(1e12 * squared), precision_weights(squared))


@pytest.mark.parametrize("squared", [[0.0, 0.0], [3.0, 3.0], [np.inf, np.inf]])
def test_nothing_to_choose_gives_equal_weights(squared):
    np.testing.assert_allclose(precision_weights(np.minimum(squared, 1e300)), [0.5, 0.5])


def test_what_is_exact_counts_alone():
    assert precision_weights([0.0, 1.0])[0] == pytest.approx(1.0)


def test_a_regression_that_errs_twice_as_far_counts_a_quarter():
    places = np.zeros((4, 2))
    found = left_out_weights([places + 1.0, places - 2.0], places)
    np.testing.assert_allclose(found, [0.8, 0.2])
