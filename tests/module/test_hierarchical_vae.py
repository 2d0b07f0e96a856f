import numpy as np
import pytest
import torch
from torch.distributions import Normal

from dpvae.module import DPHierarchicalVAE, EncoderInput, HierarchicalVAE

SIZES = {"n_batch": 1, "n_hidden": 8, "n_layers": 1, "dropout_rate": 0.0}


def build(n_lower=(4,), n_latent=2, seed=0, **options):
    torch.manual_seed(seed)
    return HierarchicalVAE(EncoderInput(5), n_lower=n_lower, n_latent=n_latent, **SIZES, **options)


def minibatch(n_cells=16):
    generator = torch.Generator().manual_seed(0)
    return {
        "X": torch.randn(n_cells, 5, generator=generator),
        "batch": torch.zeros(n_cells, 1),
        "section": torch.zeros(n_cells, 1),
        "coordinates": torch.randn(n_cells, 2, generator=generator),
    }


def naive_kl(q, p):
    """Kullback-Leibler divergence of diagonal normal distributions, written out."""
    variance, prior = q.scale.square(), p.scale.square()
    squares = (q.loc - p.loc).square()
    return 0.5 * ((variance + squares) / prior - 1 + prior.log() - variance.log()).sum(-1)


@pytest.mark.parametrize("n_lower", [(4,), (6, 4), (6, 5, 4)])
def test_loss_is_reconstruction_prior_matching_and_consistency(n_lower):
    module, tensors = build(n_lower).eval(), minibatch()
    inference, generative, output = module(tensors, loss_kwargs={"kl_weight": 0.3})
    z, q = inference["samples"], inference["posteriors"]
    assert [x.shape[1] for x in z] == [*n_lower, 2]
    reconstruction = -Normal(generative["px"].loc, 1.0).log_prob(tensors["X"]).sum(1)
    expected = naive_kl(q[-1], Normal(torch.zeros(2), torch.ones(2)))
    for t in range(len(n_lower)):
        expected = expected + naive_kl(q[t], module.downward[t](z[t + 1])[0])
    torch.testing.assert_close(output.kl_local["kl_local"], expected)
    torch.testing.assert_close(output.loss, (reconstruction + 0.3 * expected).mean())
    decoded = module.decoder_mean(module.decoder(z[0], tensors["batch"]))
    torch.testing.assert_close(generative["px"].loc, decoded)


def test_divergence_is_the_mean_log_ratio_of_its_samples():
    """Each term against a Monte Carlo estimate with the conditions held fixed."""
    module, tensors = build().eval(), minibatch(6)
    inference = module.inference(**module._get_inference_input(tensors))
    (q1, q2), (_, z2) = inference["posteriors"], inference["samples"]
    p1 = module.downward[0](z2)[0]
    above, below = q2.sample((100_000,)), q1.sample((100_000,))
    expected = (q2.log_prob(above) - Normal(0.0, 1.0).log_prob(above)).sum(-1).mean(0)
    expected = expected + (q1.log_prob(below) - p1.log_prob(below)).sum(-1).mean(0)
    torch.testing.assert_close(module.divergence(inference), expected, rtol=0.03, atol=0.03)


def linear_gaussian(module):
    """Let all networks between levels and the decoder ignore what they are given."""
    encoders = [module.z_encoder, *module.upward, *module.downward]
    for layer in [
        module.decoder_mean,
        *(n for e in encoders for n in (e.mean_encoder, e.var_encoder)),
    ]:
        torch.nn.init.zeros_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
    return module


@pytest.mark.slow
def test_marginal_likelihood_of_a_decoder_that_ignores_z_is_exact():
    module, tensors = linear_gaussian(build((4, 3)).eval()), minibatch()
    exact = Normal(0.0, 1.0).log_prob(tensors["X"]).sum(1)
    torch.testing.assert_close(module.marginal_ll(tensors, 2000), exact, atol=2e-2, rtol=0)


@pytest.mark.parametrize("n_samples", [1, 3])
def test_marginal_likelihood_weighs_chains_by_their_densities(n_samples):
    module, tensors = build().eval(), minibatch()
    torch.manual_seed(1)
    inference, generative, _ = module(tensors, inference_kwargs={"n_samples": n_samples})
    (z1, z2), (q1, q2) = inference["samples"], inference["posteriors"]
    p1 = module.downward[0](z2)[0]
    log_weight = Normal(generative["px"].loc, 1.0).log_prob(tensors["X"]).sum(-1)
    for density, z, sign in ((Normal(0.0, 1.0), z2, 1), (p1, z1, 1), (q1, z1, -1), (q2, z2, -1)):
        log_weight = log_weight + sign * density.log_prob(z).sum(-1)
    expected = torch.logsumexp(log_weight.reshape(n_samples, -1), 0) - np.log(n_samples)
    torch.manual_seed(1)
    torch.testing.assert_close(module.marginal_ll(tensors, n_samples), expected)


@pytest.mark.parametrize(("level", "n_latent"), [(None, 2), (3, 2), (2, 4), (1, 6)])
def test_the_level_that_is_compared_is_the_latent_representation(level, n_latent):
    torch.manual_seed(0)
    options = {"n_lower": (6, 4), "n_latent": 2, "level": level, "dp_weight": 2.0}
    module = DPHierarchicalVAE(EncoderInput(5), **options, **SIZES).eval()
    tensors = minibatch()
    inference, _, output = module(tensors)
    assert module.n_latent == n_latent
    mean = module.z_encoder(tensors["X"], tensors["batch"])[0].loc
    for upward in module.upward[: (level or 3) - 1]:
        mean = upward(mean)[0].loc
    torch.testing.assert_close(inference["qz"].loc, mean)
    term = module.distance_term(mean, tensors["coordinates"], tensors["section"])
    torch.testing.assert_close(output.extra_metrics["distance_loss"], term)


def test_latents_hold_no_noise_and_a_z_alone_is_decoded_by_means():
    module, tensors = build().eval(), minibatch()
    inputs = module._get_inference_input(tensors)
    here, there = (module.inference(**inputs) for _ in range(2))
    assert torch.equal(here["qz"].loc, there["qz"].loc)
    assert not torch.equal(here["z"], there["z"])
    z = here["qz"].loc
    found = module.generative(z, tensors["batch"])["px"].loc
    lower = module.downward[0](z)[0].loc
    torch.testing.assert_close(found, module.generative(z, tensors["batch"], lower)["px"].loc)
