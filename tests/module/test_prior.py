import pytest
import torch
from torch.distributions import Normal

from dpvae.module import EncoderInput, GaussianVAE, Prior, StandardNormal

SIZES = {"n_batch": 1, "n_hidden": 8, "n_latent": 3, "n_layers": 1, "dropout_rate": 0.0}


class Shifted(Prior):
    """A normal distribution around 2, by one sample."""

    def log_prob(self, z):
        return Normal(2.0, 1.0).log_prob(z)

    def kl(self, qz, z):
        return (qz.log_prob(z) - self.log_prob(z)).sum(-1)


def minibatch():
    generator = torch.Generator().manual_seed(0)
    zeros = torch.zeros(12, 1)
    return {"X": torch.randn(12, 4, generator=generator), "batch": zeros, "section": zeros}


def test_divergence_is_the_mean_of_log_ratios():
    qz = Normal(torch.tensor([[1.0, -0.5]]), torch.tensor([[0.5, 2.0]]))
    prior, z = StandardNormal(), qz.sample((200_000,))
    expected = (qz.log_prob(z) - prior.log_prob(z)).sum(-1).mean(0)
    torch.testing.assert_close(prior.kl(qz, z), expected, rtol=0.01, atol=0)


@pytest.mark.slow
def test_a_prior_that_is_given_is_the_prior_of_the_loss_and_of_the_marginal_likelihood():
    def module(prior):
        torch.manual_seed(0)
        return GaussianVAE(EncoderInput(4), **SIZES, prior=prior).eval()

    tensors, shifted = minibatch(), module(Shifted())
    torch.manual_seed(1)
    inference, _, output = shifted(tensors)
    z, qz = inference["z"], inference["qz"]
    expected = (qz.log_prob(z) - Normal(2.0, 1.0).log_prob(z)).sum(-1)
    torch.testing.assert_close(output.kl_local["kl_local"], expected)
    likelihoods = [module(p).marginal_ll(tensors, 500) for p in (None, StandardNormal(), Shifted())]
    torch.testing.assert_close(likelihoods[0], likelihoods[1], atol=0.3, rtol=0.05)
    assert not torch.allclose(likelihoods[0], likelihoods[2], atol=0.3, rtol=0.05)
