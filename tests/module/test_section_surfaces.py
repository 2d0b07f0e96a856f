"""Surfaces of a section against exact Gaussian processes."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern

from dpvae.geometry.surfaces.cosines import MARGIN, Cosines
from dpvae.module.section_surfaces import SectionSurfaces
from dpvae.module.site import Site
from dpvae.module.spectra import matern_density

SHARE, LENGTH = 0.8, 0.3


@pytest.fixture
def places():
    return np.random.default_rng(0).random((120, 2))


@pytest.fixture
def surfaces(places):
    cosines = Cosines.around(places, 400)
    squared = torch.as_tensor((cosines.frequencies**2).sum(axis=1, keepdims=True))
    length = torch.tensor([LENGTH, 2 * LENGTH], dtype=torch.float64)
    deviation = (SHARE * matern_density(squared, length, 2)).sqrt()
    return SectionSurfaces(
        torch.as_tensor(cosines.origin),
        torch.as_tensor(places.max(axis=0) + MARGIN * cosines.width),
        torch.as_tensor(cosines.frequencies),
        torch.as_tensor(cosines.amplitudes),
        deviation,
        torch.zeros_like(deviation),
        torch.ones_like(deviation),
    )


@pytest.fixture
def site():
    rng = np.random.default_rng(1)
    precision = torch.as_tensor(rng.gamma(2.0, 2.0, (120, 2)))
    return Site(torch.as_tensor(rng.normal(0, 1, (120, 2))) * precision, precision)


def noise():
    return torch.full((2,), 1 - SHARE, dtype=torch.float64)


def test_weights_are_those_of_an_exact_process(places, surfaces, site):
    new = torch.as_tensor(np.random.default_rng(2).random((30, 2)))
    mean, variance = surfaces.fitted([(torch.as_tensor(places), site)], noise()).at(new)
    for k, length in enumerate([LENGTH, 2 * LENGTH]):
        alpha = (1 / site.precision[:, k] + 1 - SHARE).numpy()
        kernel = ConstantKernel(SHARE, "fixed") * Matern(length, "fixed", nu=1.5)
        exact = GaussianProcessRegressor(kernel, alpha=alpha, optimizer=None)
        target = (site.shift[:, k] / site.precision[:, k]).numpy()
        expected, deviation = exact.fit(places, target).predict(new.numpy(), return_std=True)
        error = mean[:, k].numpy() - expected  # the box has edges, and cosines an end
        assert np.sqrt((error**2).mean()) < 0.1 * expected.std()
        np.testing.assert_allclose(variance[:, k].sqrt().numpy(), deviation, rtol=0.15)


def test_order_and_parts_of_the_cells_do_not_matter(places, surfaces, site):
    places = torch.as_tensor(places)
    whole = surfaces.fitted([(places, site)], noise())
    order = torch.as_tensor(np.random.default_rng(3).permutation(120))
    parts = [
        (places[rows], Site(site.shift[rows], site.precision[rows])) for rows in order.split(37)
    ]
    found = surfaces.fitted(parts, noise())
    torch.testing.assert_close(found.mean, whole.mean)
    torch.testing.assert_close(found.spread, whole.spread)


def test_independent_weights_add_their_variances(surfaces):
    place = torch.tensor([[0.3, 0.4]], dtype=torch.float64)
    diagonal = replace(surfaces, spread=torch.full_like(surfaces.deviation, 0.5))
    n_cosines = len(surfaces.amplitude)
    covariance = 0.25 * torch.eye(n_cosines, dtype=torch.float64).expand(2, -1, -1)
    full = replace(surfaces, spread=covariance)
    torch.testing.assert_close(diagonal.at(place)[1], full.at(place)[1])


def test_the_box_ends_a_tenth_beyond_the_cells(places, surfaces):
    far = torch.tensor([[0.5, 1.2], [0.5, 1.05], [float("nan"), 0.5]], dtype=torch.float64)
    assert surfaces.holds(far).tolist() == [False, True, False]
    assert surfaces.holds(torch.as_tensor(places)).all()
