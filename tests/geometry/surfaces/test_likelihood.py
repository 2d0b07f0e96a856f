import numpy as np
import pytest
from scipy.stats import multivariate_normal

from dpvae.geometry.surfaces.likelihood import Likelihood, tempered
from dpvae.geometry.surfaces.surfaces import fit_surfaces


@pytest.fixture
def parts():
    """Surfaces of three values over 60 places, a covariance, and values of 5 cells."""
    rng = np.random.default_rng(0)
    places = rng.uniform(size=(60, 2))
    values = np.c_[places, places.sum(axis=1)] + 0.2 * rng.normal(size=(60, 3)) + 7.0
    mixing = rng.normal(size=(3, 3))
    return fit_surfaces(places, values).surfaces, mixing @ mixing.T, places, values[:5]


def test_differences_between_positions_are_those_of_normal_densities(parts):
    surfaces, covariance, places, values = parts
    found = Likelihood.of(surfaces, np.linalg.inv(covariance), places).log(values)
    exact = np.array(
        [
            [multivariate_normal(f, covariance).logpdf(y) for f in surfaces.at(places)]
            for y in values
        ]
    )
    np.testing.assert_allclose(found - found[:, :1], exact - exact[:, :1], atol=1e-8)


def test_squared_distance_is_from_the_best_position(parts):
    surfaces, covariance, places, values = parts
    precision = np.linalg.inv(covariance)
    likelihood = Likelihood.of(surfaces, precision, places)
    departures = values[:, None] - surfaces.at(places)[None]
    exact = np.einsum("qjk,kl,qjl->qj", departures, precision, departures).min(axis=1)
    found = likelihood.squared_distance(values, likelihood.log(values))
    np.testing.assert_allclose(found, exact, atol=1e-8)


def naive_probabilities(logs, temperature):
    weight = np.exp((logs - logs.max()) / temperature)
    return weight / weight.sum()


@pytest.mark.parametrize("temperature", [1.0, 4.0, np.array([1.0, 2.0, 1e9])])
def test_tempered_probabilities(temperature):
    logs = np.array([[0.0, -1.0, -2.0], [1e5, 1e5 - 3.0, -1e5], [-7.0, -7.0, 3.0]])
    found = tempered(logs, temperature)
    each = np.broadcast_to(temperature, 3)
    for row, log, one in zip(found, logs, each, strict=True):
        np.testing.assert_allclose(row, naive_probabilities(log, one))
