"""Latents in closed form, against dense Gaussian algebra."""

import numpy as np
import pytest

from dpvae.model.tissue.latent_surfaces import LatentSurfaces
from dpvae.model.tissue.section_frames import SectionPlaces
from dpvae.module.spatial_prior import SpatialPrior

N_CELLS, N_LATENT, N_SPATIAL = 60, 3, 2
SHARE, UNIT = 0.8, 100.0
FIT = {"rtol": 1e-4, "atol": 1e-4}


@pytest.fixture
def placed():
    rng = np.random.default_rng(0)
    places = rng.uniform(-1, 1, (N_CELLS, 2)) * [120, 60]
    places[::9] = np.nan
    return SectionPlaces(places, np.arange(N_CELLS, dtype=np.intp) % 2)


@pytest.fixture
def encoded():
    rng = np.random.default_rng(1)
    mean = rng.normal(0, 0.8, (N_CELLS, N_LATENT)).astype(np.float32)
    return mean, rng.uniform(0.1, 1.0, (N_CELLS, N_LATENT)).astype(np.float32)


@pytest.fixture
def surfaces(placed):
    prior = SpatialPrior(2, 49, 2, N_LATENT, n_spatial=N_SPATIAL, share=SHARE, kernel="matern")
    prior.unit.fill_(UNIT)
    found = LatentSurfaces(prior)
    found.choose_sections(placed)
    return found


def dense_posterior(prior, placed, encoded, new=None):
    """Mean and variance of z by conditioning one joint normal vector, section by section."""
    means, variances = (part.astype(np.float64) for part in encoded)
    mean, variance = means.copy(), variances.copy()
    if new is not None:
        mean = np.zeros((len(new.places), N_LATENT))
        variance = np.ones_like(mean)
    for code in (0, 1):
        rows = np.flatnonzero((placed.code == code) & ~np.isnan(placed.places[:, 0]))
        section = prior.section(code)
        asked = rows if new is None else np.flatnonzero(new.code == code)
        at = (placed if new is None else new).places[asked]
        all_places = np.concatenate([placed.places[rows], at])
        basis = np.ones((len(all_places), 49)) * section.amplitude.numpy()
        for axis in (0, 1):
            step = all_places[:, axis] / UNIT - float(section.corner[axis])
            basis *= np.cos(np.outer(step, section.frequency[:, axis].numpy()))
        for k in range(N_SPATIAL):
            scaled = basis * section.deviation[:, k].detach().numpy()
            covariance = scaled @ scaled.T
            n = len(rows)
            of_site = 1 / (1 / variances[rows, k] - 1 + 1e-12)  # likelihood N(z; site, of_site)
            site = means[rows, k] / variances[rows, k] * of_site
            between = covariance[n:, :n].copy()
            if new is None:
                between += (1 - SHARE) * np.eye(n)
            noisy = covariance[:n, :n] + np.diag(1 - SHARE + of_site)
            gain = between @ np.linalg.inv(noisy)
            mean[asked, k] = gain @ site
            left = np.diag(covariance)[n:] + 1 - SHARE - (gain * between).sum(axis=1)
            variance[asked, k] = left
    return mean, variance


def test_latents_are_the_exact_posterior(surfaces, placed, encoded):
    surfaces.fit_sections(placed, encoded)
    found = surfaces.latents(placed, encoded)
    for part, exact in zip(found, dense_posterior(surfaces.prior, placed, encoded), strict=True):
        np.testing.assert_allclose(part, exact, **FIT)


def test_positions_without_expression_have_the_exact_prediction(surfaces, placed, encoded):
    surfaces.fit_sections(placed, encoded)
    rng = np.random.default_rng(2)
    new = SectionPlaces(rng.uniform(-1, 1, (40, 2)) * [120, 60], np.arange(40, dtype=np.intp) % 2)
    found = surfaces.latents(new)
    for part, exact in zip(
        found, dense_posterior(surfaces.prior, placed, encoded, new), strict=True
    ):
        np.testing.assert_allclose(part, exact, **FIT)


def test_new_sections_are_found_as_those_of_a_reference(surfaces, placed, encoded):
    surfaces.fit_sections(placed, encoded)
    expected = surfaces.latents(placed, encoded)
    new = SectionPlaces(placed.places, placed.code + 2)
    surfaces.take_further_sections(new, encoded)
    assert surfaces.prior.has(2)
    assert surfaces.prior.has(3)
    for part, whole in zip(surfaces.latents(new, encoded), expected, strict=True):
        np.testing.assert_allclose(part, whole, rtol=1e-5, atol=1e-6)
    surfaces.take_further_sections(placed, encoded)  # forgotten, and the reference as it was
    assert not surfaces.prior.has(2)
    np.testing.assert_array_equal(surfaces.latents(placed, encoded)[0], expected[0])


def test_a_new_section_of_three_places_has_no_surface(surfaces, placed, encoded):
    few = SectionPlaces(np.full_like(placed.places, np.nan), placed.code + 2)
    few.places[1:4] = placed.places[1:4]
    few.code[:] = 2
    surfaces.take_further_sections(few, encoded)
    assert not surfaces.prior.has(2)
    for part, given in zip(surfaces.latents(few, encoded), encoded, strict=True):
        np.testing.assert_allclose(part, given, rtol=1e-5, atol=1e-6)


def test_order_and_parts_of_cells_do_not_matter(surfaces, placed, encoded, monkeypatch):
    surfaces.fit_sections(placed, encoded)
    expected = surfaces.latents(placed, encoded)
    order = np.random.default_rng(3).permutation(N_CELLS)
    shuffled = SectionPlaces(placed.places[order], placed.code[order])
    monkeypatch.setattr("dpvae.model.tissue.latent_surfaces.CELLS_AT_A_TIME", 7)
    surfaces.choose_sections(shuffled)
    again = tuple(part[order] for part in encoded)
    surfaces.fit_sections(shuffled, again)
    for part, whole in zip(surfaces.latents(shuffled, again), expected, strict=True):
        np.testing.assert_allclose(part, whole[order], rtol=1e-5, atol=1e-6)


def test_places_outside_of_the_box_are_found(surfaces, placed, encoded):
    surfaces.fit_sections(placed, encoded)
    own = placed.places[placed.code == 0, 0]
    edge = np.nanmax(own) + 0.09 * (np.nanmax(own) - np.nanmin(own))
    places = np.array([[0.0, 0], [np.nan, np.nan], [500, 0], [edge, 0], [0, 0]])
    asked = SectionPlaces(places, np.array([0, 0, 0, 0, 7]))
    inside = surfaces.is_inside(asked)
    assert inside.tolist() == [True, False, False, True, False]  # a tenth beyond is inside
