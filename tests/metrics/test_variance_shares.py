import numpy as np
import pytest

from dpvae.metrics.variance_shares import variance_shares

NUMBERS = np.r_[np.ones(40), 1000.0]
KERNELS = np.stack(
    [np.r_[300 * np.exp(-np.arange(40) / 3), 0.0], np.r_[300 * np.exp(-np.arange(40) / 30), 0.0]]
)
NOISE = np.ones((41, 1))


def expected(components):
    return (KERNELS.T @ components + (1 - components @ KERNELS @ NUMBERS / NUMBERS.sum()))[:, None]


def shares_of(components):
    return components * (KERNELS @ NUMBERS) / NUMBERS.sum()


@pytest.mark.parametrize("shares", [[0.2, 0.0], [0.0, 0.3], [0.1, 0.15], [0.0, 0.0]])
def test_shares_that_were_put_in_come_out(shares):
    components = np.array(shares) / (KERNELS @ NUMBERS) * NUMBERS.sum()
    np.testing.assert_allclose(shares_of(components), shares)
    squares = expected(components)
    found = variance_shares(squares, NOISE, KERNELS, NUMBERS)[:, 0]
    np.testing.assert_allclose(found, shares, atol=0.02)
    assert found.sum() == pytest.approx(sum(shares), abs=0.005)


def test_units_and_order_do_not_matter():
    rng = np.random.default_rng(0)
    squares = rng.chisquare(1, size=(41, 6)) * (KERNELS.sum(axis=0)[:, None] + 1)
    noise = rng.uniform(0.8, 1.2, size=(41, 6))
    found = variance_shares(squares, noise, KERNELS, NUMBERS)
    other = variance_shares(1e6 * squares, 1e6 * noise, 1e-3 * KERNELS, NUMBERS)
    np.testing.assert_allclose(other, found, rtol=1e-9)
    order = rng.permutation(41)
    other = variance_shares(squares[order], noise[order], KERNELS[::-1, order], NUMBERS[order])
    np.testing.assert_allclose(other[::-1], found, rtol=1e-9)


def test_shares_are_between_0_and_1_and_missing_without_variance():
    squares = np.zeros((41, 3))
    squares[0, 0] = squares[-1, 1] = 5.0
    found = variance_shares(squares, NOISE * squares.mean(axis=0), KERNELS, NUMBERS)
    assert found[:, 0].sum() > 0.8
    assert found[:, 1].sum() < 0.01
    assert np.isnan(found[:, 2]).all()
    assert (found[:, :2] >= 0).all()
    assert (found[:, :2].sum(axis=0) <= 1 + 1e-12).all()
