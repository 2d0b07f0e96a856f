import numpy as np
import pytest

from dpvae.metrics import coordinate_error


def test_known_distances():
    true = np.zeros((11, 2))
    recovered = np.outer(np.arange(11.0), [0.6, 0.8])
    error = coordinate_error(true, recovered)
    assert error.median == pytest.approx(5.0)
    assert error.mean == pytest.approx(5.0)
    assert error.quantile_90 == pytest.approx(9.0)


def test_nothing_is_aligned():
    true = np.random.default_rng(0).normal(size=(30, 3))
    assert coordinate_error(true, np.array([3.0, 4.0, 0.0]) + true).median == pytest.approx(5.0)
    assert coordinate_error(true, -true).mean > 1.0


def test_follows_the_unit():
    rng = np.random.default_rng(1)
    true, recovered = rng.normal(size=(2, 30, 2))
    small, large = coordinate_error(true, recovered), coordinate_error(50 * true, 50 * recovered)
    assert large.quantile_90 == pytest.approx(50 * small.quantile_90)
    assert large.mean == pytest.approx(50 * small.mean)


def test_chance_is_what_is_documented():
    rng = np.random.default_rng(2)
    true = rng.normal(size=(4000, 2))
    radius = np.sqrt((true**2).sum(axis=1).mean())
    shuffled = rng.permutation(true)
    squares = ((true - shuffled) ** 2).sum(axis=1).mean()
    assert np.sqrt(squares) == pytest.approx(np.sqrt(2) * radius, rel=0.03)
    assert coordinate_error(true, shuffled).mean < np.sqrt(2) * radius
