"""What expression and place say together, against integrals."""

import numpy as np
import pytest
import torch
from torch.distributions import Normal, kl_divergence

from dpvae.module.site import PlacedPrior, Site


@pytest.fixture
def prior():
    return PlacedPrior(
        torch.tensor([[0.7, 0.0]]), torch.tensor([[0.2, 0.0]]), torch.tensor([[0.3, 1.0]])
    )


@pytest.fixture
def site():
    return Site(torch.tensor([[1.5, -2.0]]), torch.tensor([[2.0, 0.5]]))


def test_posterior_is_the_one_found_by_integration(site, prior):
    mean, variance = site.posterior(prior)
    grid = np.linspace(-12, 12, 4001)
    for k in range(2):
        place, spread, noise = (float(x[0, k]) for x in (prior.mean, prior.variance, prior.noise))
        shift, precision = float(site.shift[0, k]), float(site.precision[0, k])
        heights = place + np.sqrt(spread) * np.linspace(-6, 6, 301)
        weight = np.exp(-0.5 * np.linspace(-6, 6, 301) ** 2)
        total = np.zeros_like(grid)
        for height, share in zip(heights, weight / weight.sum(), strict=True):
            density = shift * grid - 0.5 * precision * grid**2
            density -= 0.5 * (grid - height) ** 2 / noise
            density = np.exp(density - density.max())
            total += share * density / density.sum()
        expected = (total * grid).sum()
        assert float(mean[0, k]) == pytest.approx(expected, abs=1e-4)
        square = (total * (grid - expected) ** 2).sum()
        assert float(variance[0, k]) == pytest.approx(square, rel=1e-3)


def test_divergence_is_the_mean_over_surfaces(site, prior):
    torch.manual_seed(0)
    height = prior.mean + prior.variance.sqrt() * torch.randn(200_000, 2)
    left = 1 / (1 + prior.noise * site.precision)
    given = Normal(left * (prior.noise * site.shift + height), (left * prior.noise).sqrt())
    expected = kl_divergence(given, Normal(height, prior.noise.sqrt())).mean(0)
    torch.testing.assert_close(site.divergence(prior)[0], expected, rtol=1e-2, atol=1e-3)


def test_without_a_place_it_is_the_usual_autoencoder():
    mean, variance = torch.tensor([[0.4, -1.0]]), torch.tensor([[0.3, 0.9]])
    nothing = PlacedPrior(torch.zeros(1, 2), torch.zeros(1, 2), torch.ones(1, 2))
    site = Site.of_posterior(mean, variance)
    found = site.posterior(nothing)
    torch.testing.assert_close(found[0], mean)
    torch.testing.assert_close(found[1], variance)
    usual = kl_divergence(Normal(mean, variance.sqrt()), Normal(0.0, 1.0))
    torch.testing.assert_close(site.divergence(nothing), usual)


def test_expression_that_says_nothing_leaves_what_the_place_says(prior):
    silent = Site(torch.zeros(1, 2), torch.zeros(1, 2))
    mean, variance = silent.posterior(prior)
    torch.testing.assert_close(mean, prior.mean)
    torch.testing.assert_close(variance, prior.total)
    torch.testing.assert_close(silent.divergence(prior), torch.zeros(1, 2))
