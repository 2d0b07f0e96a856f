import numpy as np
import pytest

from dpvae.metrics.pattern_modes import PatternModes


@pytest.fixture
def functions():
    return np.random.default_rng(0).normal(size=(80, 6)) * np.linspace(1, 3, 6)


@pytest.fixture
def spectra():
    return np.array([[5.0, 3.0, 1.0, 0.5, 0.1, 0.1], [1.0, 1.0, 1.0, 1.0, 1.0, 1.0]])


@pytest.fixture
def modes(functions, spectra):
    parts = np.split(functions, [30])
    return PatternModes.of(np.stack([p.T @ p for p in parts]), spectra, np.array([30.0, 50.0]))


def test_modes_are_orthonormal_and_share_all_squares(functions, modes):
    directions = functions @ modes.projection.T
    np.testing.assert_allclose(directions.T @ directions, np.eye(6), atol=1e-9)
    values = np.random.default_rng(1).normal(size=(80, 3))
    total = (values**2).sum(axis=0)
    found = modes.squares(functions.T @ values, total)
    np.testing.assert_allclose(found[:-1], (directions.T @ values) ** 2, atol=1e-9)
    np.testing.assert_allclose(modes.numbers @ found, total)


def test_kernels_and_noise_are_the_variances_in_these_directions(functions, spectra, modes):
    directions = functions @ modes.projection.T
    for found, spectrum in zip(modes.kernels, spectra, strict=True):
        kernel = (functions * spectrum) @ functions.T
        np.testing.assert_allclose(found[:-1], np.diag(directions.T @ kernel @ directions))
        assert found[-1] == 0.0
    noise = np.r_[np.full(30, 2.0), np.full(50, 0.5)]
    found = modes.noise(np.array([[2.0], [0.5]]))[:, 0]
    np.testing.assert_allclose(found[:-1], (directions**2).T @ noise)
    assert modes.numbers @ found == pytest.approx(noise.sum())


def test_functions_that_repeat_others_are_no_modes(functions):
    doubled = np.hstack([functions, functions[:, :2]])
    found = PatternModes.of((doubled.T @ doubled)[None], np.ones((1, 8)), np.array([80.0]))
    assert len(found.projection) == 6
    assert found.numbers[-1] == pytest.approx(74.0)


def test_functions_that_can_make_anything_leave_nothing():
    functions = np.random.default_rng(2).normal(size=(8, 20))
    found = PatternModes.of((functions.T @ functions)[None], np.ones((1, 20)), np.array([8.0]))
    assert found.numbers.tolist() == [*[1.0] * 8, 0.0]
    values = np.random.default_rng(3).normal(size=(8, 1))
    squares = found.squares(functions.T @ values, (values**2).sum(axis=0))
    assert found.numbers @ squares == pytest.approx((values**2).sum())
    assert squares[-1] == 0.0
