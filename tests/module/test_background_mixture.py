"""The mixture of background and foreground, against scipy."""

import numpy as np
import pytest
import torch
from scipy.stats import nbinom

from dpvae.module.background_mixture import BackgroundMixture


def mixture(n_cells=5, n_proteins=3):
    rng = torch.Generator().manual_seed(0)
    background = 1 + 5 * torch.rand(n_cells, n_proteins, generator=rng)
    foreground = background * (1 + 4 * torch.rand(n_cells, n_proteins, generator=rng))
    theta = 1 + torch.rand(n_proteins, generator=rng)
    logits = torch.randn(n_cells, n_proteins, generator=rng)
    return BackgroundMixture(background, foreground, theta, logits, foreground)


def naive(px, counts):
    """Probability of each count, one number at a time."""
    found = np.zeros(counts.shape)
    for place in np.ndindex(*counts.shape):
        size, share = float(px.theta[place]), 1 / (1 + np.exp(-float(px.mixture_logits[place])))
        of = [
            nbinom.pmf(counts[place], size, size / (size + float(m[place])))
            for m in (px.mu1, px.mu2)
        ]
        found[place] = share * of[0] + (1 - share) * of[1]
    return found


def test_log_probability_is_that_of_two_negative_binomials():
    px = mixture()
    counts = torch.poisson(torch.full((5, 3), 6.0), generator=torch.Generator().manual_seed(1))
    np.testing.assert_allclose(px.log_prob(counts).exp(), naive(px, counts.numpy()), rtol=1e-4)


@pytest.mark.slow
def test_moments_are_those_of_the_samples():
    px = mixture()
    torch.manual_seed(0)
    samples = torch.stack([px.sample() for _ in range(4_000)])
    torch.testing.assert_close(samples.mean(0), px.mu, rtol=0.1, atol=0.1)
    torch.testing.assert_close(px.mu, px.mean)


def test_normalised_expression_leaves_the_background_out():
    px = mixture()
    expected = torch.sigmoid(-px.mixture_logits) * px.mu2
    torch.testing.assert_close(px.get_normalized("mu"), expected)
    assert px.get_normalized("scale") is px.scale
