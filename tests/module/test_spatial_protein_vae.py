"""The loss and the likelihood of proteins with background, against formulas and integrals."""

from inspect import signature

import numpy as np
import pytest
import torch
from scipy.stats import nbinom, norm
from tests.module.test_spatial_count_vae import N_CELLS, minibatch, module_of

from dpvae.module.background_decoder import ProteinKinds
from dpvae.module.distance_preserving import DistancePreserving
from dpvae.module.spatial_protein_vae import DPSpatialProteinVAE

KINDS = ProteinKinds(
    torch.linspace(-0.5, 0.5, 6),
    torch.linspace(0.2, 0.6, 6),
    torch.linspace(1, 4, 6),
    torch.linspace(0.3, 0.7, 6),
)


def proteins(**options):
    module = module_of(DPSpatialProteinVAE, dp_weight=0.0, **options)
    module.start_from(KINDS)
    return module.eval()


def naive_likelihood(background, rise, share, theta, counts):
    """Probability of one count."""
    of = (
        nbinom.pmf(counts, theta, theta / (theta + mean))
        for mean in (background, background * (1 + rise))
    )
    low, high = of
    return share * low + (1 - share) * high


def test_the_loss_has_the_divergence_of_the_background_once():
    module, tensors = proteins(), minibatch()
    torch.manual_seed(0)
    with torch.no_grad():
        found, generated, losses = module(tensors, loss_kwargs={"kl_weight": 0.5})
        decoded = module.decoder(found["z"], tensors["batch"])
    mean, deviation = (
        part.double().numpy() for part in (decoded.background.loc, decoded.background.scale)
    )
    of, spread = KINDS.log_background.numpy(), KINDS.deviation.numpy()
    divergence = (
        np.log(spread / deviation) + (deviation**2 + (mean - of) ** 2) / (2 * spread**2) - 0.5
    ).sum(axis=1)
    np.testing.assert_allclose(losses.kl_local["kl_background"], divergence, rtol=1e-4)
    expected = naive_likelihood(
        generated["log_background"].exp().numpy(),
        decoded.rise.numpy(),
        decoded.logits.sigmoid().numpy(),
        module.px_r.detach().exp().numpy(),
        tensors["X"].numpy(),
    )
    reconstruction = -np.log(expected).sum(axis=1)
    of_latents = losses.kl_local["kl_local"].numpy().mean()
    weights = float(module.spatial_prior.divergence().detach()) / 40
    total = reconstruction.mean() + 0.5 * 5.0 * (of_latents + weights) + divergence.mean()
    assert float(losses.loss) == pytest.approx(total, rel=1e-4)
    assert float(losses.kl_local_sum) == pytest.approx(
        of_latents * N_CELLS + divergence.sum(), rel=1e-4
    )


def test_marginal_likelihood_is_the_integral_over_latent_and_background():
    module, tensors = proteins(n_latent=1, n_spatial=1, is_exact=True), minibatch()
    with torch.no_grad():  # a posterior that is near the prior, and wider: few samples are enough
        module.decoder.background_mean.weight.mul_(0.2)
        module.decoder.background_deviation.weight.mul_(0.2)
        module.decoder.background_deviation.bias.add_(0.3)
    grid = torch.linspace(-6, 6, 61)
    logs = np.linspace(-6, 6, 241)
    with torch.no_grad():
        at = module.spatial_prior.at(tensors["coordinates"], torch.zeros(N_CELLS, dtype=torch.long))
        z = grid[:, None, None].expand(-1, N_CELLS, 1)
        decoded = module.decoder(z, tensors["batch"])
        theta = module.px_r.exp().numpy()
    rise, share = decoded.rise.numpy(), decoded.logits.sigmoid().numpy()
    of_prior = norm.pdf(logs[:, None], KINDS.log_background, KINDS.deviation) * (logs[1] - logs[0])
    counts, given_z = tensors["X"].numpy(), np.zeros((61, N_CELLS, 6))
    for background, density in zip(np.exp(logs), of_prior, strict=True):
        given_z += density * naive_likelihood(background, rise, share, theta, counts)
    density = norm.pdf(grid[:, None], at.mean.numpy().ravel(), at.total.sqrt().numpy().ravel())
    step = float(grid[1] - grid[0])
    expected = np.log((density * given_z.prod(axis=2)).sum(axis=0) * step)
    torch.manual_seed(0)
    found = module.marginal_ll(tensors, n_mc_samples=4_000, n_mc_samples_per_pass=1_000)
    np.testing.assert_allclose(found.numpy(), expected, atol=0.1)


@pytest.mark.slow
def test_shares_are_of_the_expected_foreground_and_not_random():
    module, tensors = proteins(), minibatch()
    z, arguments = torch.randn(N_CELLS, 3), {"batch_index": tensors["batch"]}
    with torch.no_grad():
        first, second = (module.generative(z=z, **arguments)["px"] for _ in range(2))
        samples = torch.stack(
            [module.generative(z=z, **arguments)["px"].get_normalized("mu") for _ in range(4_000)]
        )
    assert torch.equal(first.scale, second.scale)
    expected = samples.mean(0)
    torch.testing.assert_close(
        first.scale, expected / expected.sum(1, keepdim=True), rtol=0.1, atol=2e-3
    )


def test_a_batch_can_be_decoded_as_another():
    module, tensors = proteins(), minibatch()
    z, one = torch.randn(N_CELLS, 3), torch.ones(N_CELLS, 1)
    with torch.no_grad():
        found = module.generative(z=z, batch_index=tensors["batch"], transform_batch=1)["px"]
        expected = module.generative(z=z, batch_index=one)["px"]
    assert torch.equal(found.scale, expected.scale)


def test_gradients_reach_prior_and_decoder_of_the_background():
    module = proteins().train()
    module(minibatch())[2].loss.backward()
    decoder = module.decoder
    heads = (decoder.background_mean, decoder.background_deviation, decoder.rise, decoder.logits)
    wanted = [head.weight for head in heads]
    for weight in (*wanted, module.background_mean, module.background_log_deviation, module.px_r):
        assert weight.grad.abs().max() > 0


def test_training_sees_the_arguments_of_the_loss():
    names = signature(DPSpatialProteinVAE.loss).parameters
    assert names == signature(DistancePreserving.loss).parameters  # scvi-tools raises kl_weight
    module, tensors = proteins(), minibatch()
    torch.manual_seed(0)
    none = module(tensors, loss_kwargs={"kl_weight": 0.0})[2]
    expected = none.reconstruction_loss["reconstruction_loss"] + none.kl_local["kl_background"]
    torch.testing.assert_close(none.loss, expected.mean())
