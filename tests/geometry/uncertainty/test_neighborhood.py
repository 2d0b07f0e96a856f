import numpy as np
import pytest

from dpvae.geometry.uncertainty.neighborhood import neighborhood


@pytest.fixture
def cells():
    rng = np.random.default_rng(0)
    return rng.normal(size=(40, 4)), rng.normal(size=(120, 4)), rng.uniform(size=(120, 3))


def naive(cell, known, places):
    distance = np.linalg.norm(known - cell, axis=1)
    order = np.argsort(distance)
    return distance[order[:5]].mean(), np.cov(places[order[:50]].T, bias=True)


def test_equals_a_search_through_all(cells):
    latent, known, places = cells
    found = neighborhood(latent, known, places)
    own = [
        naive(known[k], np.delete(known, k, axis=0), np.delete(places, k, axis=0))
        for k in range(120)
    ]
    usual_distance = np.median([distance for distance, _ in own])
    usual_variance = np.median([np.trace(covariance) / 3 for _, covariance in own])
    for row, cell in enumerate(latent):
        distance, covariance = naive(cell, known, places)
        assert found.distance[row] == pytest.approx(distance / usual_distance)
        np.testing.assert_allclose(found.covariance[row], covariance / usual_variance, atol=1e-12)


def test_units_of_latents_and_places_do_not_matter(cells):
    latent, known, places = cells
    one, two = neighborhood(*cells), neighborhood(7 * latent, 7 * known, 100 * places + 5)
    np.testing.assert_allclose(one.distance, two.distance)
    np.testing.assert_allclose(one.covariance, two.covariance, atol=1e-9)


def test_few_or_identical_cells_give_finite_neighborhood(cells):
    latent, known, places = cells
    few = neighborhood(latent, known[:4], places[:4])
    same = neighborhood(np.ones((3, 4)), np.ones((30, 4)), np.ones((30, 2)))
    for found in (few, same):
        assert np.isfinite(found.distance).all()
        assert np.isfinite(found.covariance).all()
