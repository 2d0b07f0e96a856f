import numpy as np
import pytest

from dpvae.metrics.cauchy_combination import cauchy_combination


@pytest.mark.parametrize("p_value", [0.9, 0.5, 1e-3, 1e-11, 1e-30, 1e-290, 1e-307])
def test_tests_that_agree_change_nothing(p_value):
    found = cauchy_combination(np.full((4, 1), p_value))
    np.testing.assert_allclose(found, p_value, rtol=1e-4)


def test_in_the_far_tail_the_smallest_counts_as_often_as_there_are_tests():
    found = cauchy_combination(np.array([[1e-40], [0.3], [0.7], [0.2]]))
    np.testing.assert_allclose(found, 4e-40, rtol=1e-6)
    assert cauchy_combination(np.zeros((3, 1))) == 0.0


def test_p_values_by_chance_stay_so():
    rng = np.random.default_rng(0)
    shared, own = rng.uniform(size=(1, 100_000)), rng.uniform(size=(4, 100_000))
    found = cauchy_combination(np.where(rng.uniform(size=100_000) < 0.5, shared, own))
    assert (found < 0.01).mean() == pytest.approx(0.01, abs=0.0012)


def test_one_that_is_sure_of_nothing_does_not_decide():
    found = cauchy_combination(np.array([[1.0], [1e-6], [1e-6], [1e-6]]))
    assert found[0] < 1e-5


def test_missing_stays_missing_and_order_does_not_matter():
    p_values = np.array([[0.2, np.nan], [0.6, 0.1], [0.01, 0.1]])
    found = cauchy_combination(p_values)
    assert np.isnan(found[1])
    np.testing.assert_allclose(cauchy_combination(p_values[::-1])[0], found[0], rtol=1e-12)
