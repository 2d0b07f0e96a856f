import numpy as np
import pytest

from dpvae.geometry.surfaces.noise import noise_precision


def departures(n_cells, n_values, seed=0):
    rng = np.random.default_rng(seed)
    mixing = np.eye(n_values) + 0.5 * rng.normal(size=(n_values, n_values))
    return rng.normal(size=(n_cells, n_values)) @ mixing * np.logspace(-2, 3, n_values)


def in_units(precision, residuals):
    deviation = np.sqrt((residuals**2).mean(axis=0))
    return precision * np.outer(deviation, deviation)


def test_is_the_inverse_covariance_for_many_cells():
    residuals = departures(200_000, 6)
    expected = np.linalg.inv(residuals.T @ residuals / len(residuals))
    np.testing.assert_allclose(
        in_units(noise_precision(residuals, residuals), residuals),
        in_units(expected, residuals),
        rtol=0.01,
        atol=0.01,
    )


def test_departures_are_from_zero_not_from_their_mean():
    residuals = np.random.default_rng(0).normal([0.0, 3.0], size=(100_000, 2))
    assert 1.0 / noise_precision(residuals, residuals)[1, 1] == pytest.approx(10.0, rel=0.02)


def test_few_cells_count_almost_as_independent_ones():
    rng = np.random.default_rng(1)
    residuals = rng.normal(size=(8, 40))
    found = np.linalg.inv(in_units(noise_precision(residuals, residuals), residuals))
    np.testing.assert_allclose(np.diag(found), 1.0)
    sample = np.corrcoef(residuals, rowvar=False)
    off = ~np.eye(40, dtype=bool)
    assert np.abs(found[off]).mean() < 0.3 * np.abs(sample[off]).mean()


def test_correlation_is_nearer_to_the_truth_than_the_sample():
    many = departures(100_000, 20, seed=2)
    truth = in_units(np.linalg.inv(many.T @ many / len(many)), many)
    few = many[:25]
    found = in_units(noise_precision(few, few), few)
    sample = in_units(np.linalg.inv(few.T @ few / len(few)), few)
    assert np.abs(found - truth).mean() < 0.5 * np.abs(sample - truth).mean()


def test_units_carry_over():
    residuals, factor = departures(300, 5), np.array([1.0, 1e-40, 70.0, 1e50, 0.2])
    np.testing.assert_allclose(
        noise_precision(residuals * factor, 9.0 * residuals * factor) * np.outer(factor, factor),
        noise_precision(residuals, residuals),
        rtol=1e-7,
    )


@pytest.mark.parametrize("n_cells", [30, 50_000])
@pytest.mark.parametrize("size", [3.0, 3e30])
def test_a_value_that_never_departs_counts_as_if_it_departed_a_little(n_cells, size):
    residuals = departures(n_cells, 4)
    values = np.insert(residuals, 2, size, axis=1)
    found = noise_precision(np.insert(residuals, 2, 0.0, axis=1), values)
    assert found[2, 2] == pytest.approx((1e-12 * size) ** -2)
    assert (found[2, [0, 1, 3, 4]] == 0).all()
    others = np.delete(np.delete(found, 2, axis=0), 2, axis=1)
    np.testing.assert_allclose(
        in_units(others, residuals),
        in_units(noise_precision(residuals, residuals), residuals),
        atol=0.5,
    )


@pytest.mark.parametrize("n_values", [1, 3])
def test_values_that_all_never_depart_are_independent(n_values):
    found = noise_precision(np.zeros((30, n_values)), np.zeros((30, n_values)))
    np.testing.assert_array_equal(found, found[0, 0] * np.eye(n_values))
    assert np.isfinite(found[0, 0])


def test_a_value_given_twice_leaves_the_precision_finite():
    residuals = departures(1000, 3)
    found = noise_precision(residuals[:, [0, 1, 1, 2]], residuals[:, [0, 1, 1, 2]])
    assert np.linalg.eigvalsh(in_units(found, residuals[:, [0, 1, 1, 2]])).min() > 0
