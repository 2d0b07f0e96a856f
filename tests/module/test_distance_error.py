import itertools

import numpy as np
import pytest

from dpvae.module.distance_error import distance_error


def naive(latent, places, section, scale, power):
    errors = [
        abs(np.linalg.norm(latent[i] - latent[j]) / scale - np.linalg.norm(places[i] - places[j]))
        ** power
        for i, j in itertools.combinations(range(len(latent)), 2)
        if section[i] == section[j]
    ]
    return np.mean(errors)


def of_sections(latent, places, section, scale, squared):
    bounds = np.concatenate([[0], np.flatnonzero(np.diff(section)) + 1, [len(section)]])
    return distance_error(latent.T.copy(), places.T.copy(), bounds, scale, squared)


def draw(n_cells, n_latent, n_dims, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n_cells, n_latent)), rng.normal(size=(n_cells, n_dims))


@pytest.mark.parametrize("squared", [False, True])
@pytest.mark.parametrize(("n_latent", "n_dims"), [(2, 2), (10, 3), (1, 2)])
def test_value_and_gradient_equal_a_double_loop_and_its_finite_differences(
    n_latent, n_dims, squared
):
    latent, places = draw(17, n_latent, n_dims)
    section = np.repeat([0, 1, 2], [9, 7, 1])
    scale, power, small = 0.7, 1 + squared, 1e-6
    value, gradient, slope = of_sections(latent, places, section, scale, squared)
    assert value == pytest.approx(naive(latent, places, section, scale, power), rel=1e-12)
    for cell, dim in itertools.product(range(17), range(n_latent)):
        moved = latent.copy()
        moved[cell, dim] += small
        above = naive(moved, places, section, scale, power)
        moved[cell, dim] -= 2 * small
        below = naive(moved, places, section, scale, power)
        assert gradient[dim, cell] == pytest.approx((above - below) / (2 * small), abs=1e-7)
    above = naive(latent, places, section, scale * np.exp(small), power)
    below = naive(latent, places, section, scale * np.exp(-small), power)
    assert slope == pytest.approx((above - below) / (2 * small), abs=1e-7)


@pytest.mark.parametrize("squared", [False, True])
def test_single_precision_is_as_good_as_it_can_be(squared):
    latent, places = draw(600, 10, 2)
    bounds = np.array([0, 600])
    exact = distance_error(latent.T.copy(), places.T.copy(), bounds, 1.3, squared)
    single = distance_error(
        latent.T.astype(np.float32).copy(),
        places.T.astype(np.float32).copy(),
        bounds,
        1.3,
        squared,
    )
    assert single[1].dtype == np.float32
    np.testing.assert_allclose(single[0], exact[0], rtol=1e-6)
    np.testing.assert_allclose(single[1], exact[1], atol=1e-6 * np.abs(exact[1]).max() * 10)
    np.testing.assert_allclose(single[2], exact[2], rtol=1e-5)


def test_cells_at_one_point_are_not_pushed():
    latent, places = np.ones((5, 3)), draw(5, 1, 2)[1]
    value, gradient, slope = of_sections(latent, places, np.zeros(5), 1.0, False)
    distances = [np.linalg.norm(a - b) for a, b in itertools.combinations(places, 2)]
    assert value == pytest.approx(np.mean(distances))
    assert not gradient.any()
    assert slope == 0


def test_without_a_pair_there_is_no_error():
    value, gradient, slope = of_sections(*draw(4, 3, 2), np.arange(4), 1.0, False)
    assert (value, slope) == (0, 0)
    assert not gradient.any()
