"""The loss and the likelihood of spaVAE, against loops and integrals."""

import numpy as np
import pytest
import torch
from scipy.stats import nbinom, norm
from torch.distributions import Normal, kl_divergence

from dpvae.model.tissue.latent_surfaces import LatentSurfaces
from dpvae.model.tissue.section_frames import SectionPlaces
from dpvae.module.count_vae import CountVAE
from dpvae.module.spatial_count_vae import DPSpatialCountVAE, SpatialCountVAE
from dpvae.module.spatial_prior import SpatialPrior

SIZES = {"n_input": 6, "n_batch": 2, "n_hidden": 8, "n_layers": 1, "gene_likelihood": "nb"}
N_CELLS = 10


def minibatch():
    generator = torch.Generator().manual_seed(0)
    return {
        "X": torch.poisson(torch.full((N_CELLS, 6), 2.0), generator=generator),
        "batch": torch.arange(N_CELLS).unsqueeze(1) % 2,
        "labels": torch.zeros(N_CELLS, 1),
        "section": torch.zeros(N_CELLS, 1),
        "coordinates": torch.rand(N_CELLS, 2, generator=generator) - 0.5,
    }


def prior_of(n_latent, n_spatial, *, is_exact=False):
    prior = SpatialPrior(1, 12, 2, n_latent, n_spatial=n_spatial, share=0.8, kernel="matern")
    prior.n_cells.fill_(40)
    places = minibatch()["coordinates"].double().numpy()
    surfaces = LatentSurfaces(prior)
    placed = SectionPlaces(places, np.zeros(N_CELLS, dtype=np.intp))
    surfaces.choose_sections(placed)
    with torch.no_grad():
        prior.mean.normal_(generator=torch.Generator().manual_seed(1))
    if is_exact:
        rng = np.random.default_rng(0)
        encoded = (rng.normal(size=(N_CELLS, n_latent)), rng.uniform(0.2, 0.6, (N_CELLS, n_latent)))
        surfaces.fit_sections(placed, tuple(part.astype(np.float32) for part in encoded))
    return prior


def module_of(cls=SpatialCountVAE, n_latent=3, n_spatial=2, *, is_exact=False, **options):
    prior = prior_of(n_latent, n_spatial, is_exact=is_exact)
    torch.manual_seed(0)
    return cls(**SIZES, n_latent=n_latent, **({"spatial_prior": prior, "kl_weight": 5.0} | options))


def naive_latents(module, tensors, counts):
    """Mean, variance and divergence of each cell's z, one number at a time."""
    with torch.no_grad():
        qz, _ = module.z_encoder(torch.log1p(counts))
        at = module.spatial_prior.at(tensors["coordinates"], tensors["section"].reshape(-1).long())
    mean, variance, divergence = np.zeros((3, *qz.loc.shape))
    for cell in range(N_CELLS):
        for dimension in range(qz.loc.shape[1]):
            read = (float(x[cell, dimension]) for x in (qz.loc, qz.scale, *vars(at).values()))
            mu, scale, height, spread, noise = read
            of_site = 1 / (1 + scale**2)  # variance of a cell of unknown place
            precision, shift = 1 / of_site - 1, mu / of_site
            u = 1 / (1 + noise * precision)
            mean[cell, dimension] = u * (noise * shift + height)
            variance[cell, dimension] = u * noise + u**2 * spread
            square = (shift - precision * height) ** 2 + precision**2 * spread
            divergence[cell, dimension] = 0.5 * (u - 1 - np.log(u) + noise * u**2 * square)
    return mean, variance, divergence


@pytest.mark.parametrize("is_exact", [False, True])
def test_the_loss_is_the_negative_elbo_written_out(is_exact):
    module, tensors = module_of(is_exact=is_exact).eval(), minibatch()
    tensors["coordinates"][3] = torch.nan
    torch.manual_seed(0)
    with torch.no_grad():
        found, generated, losses = module(tensors, loss_kwargs={"kl_weight": 0.5})
    mean, variance, divergence = naive_latents(module, tensors, tensors["X"])
    np.testing.assert_allclose(found["qz"].loc, mean, atol=1e-5)
    np.testing.assert_allclose(found["qz"].variance, variance, atol=1e-5)
    np.testing.assert_allclose(
        losses.kl_local["kl_local"], divergence.sum(axis=1), rtol=1e-4, atol=1e-5
    )
    mu, size = generated["px"].mu.double().numpy(), module.px_r.detach().exp().double().numpy()
    reconstruction = -nbinom.logpmf(tensors["X"].numpy(), size, size / (size + mu)).sum(axis=1)
    weights = float(module.spatial_prior.divergence().detach())
    kl = divergence.sum(axis=1).mean() + weights / 40
    assert float(losses.loss) == pytest.approx(reconstruction.mean() + 0.5 * 5.0 * kl, rel=1e-4)


def test_samples_are_of_the_posterior():
    module = module_of(is_exact=True).eval()
    with torch.no_grad():
        inputs = module._get_inference_input(minibatch())
        found = module.inference(**inputs, n_samples=20_000)
    torch.testing.assert_close(found["z"].mean(0), found["qz"].loc, atol=0.04, rtol=0)
    torch.testing.assert_close(found["z"].std(0), found["qz"].scale, atol=0.02, rtol=0.02)


class PlainVAE(CountVAE):
    """The usual VAE whose encoder gives variances below 1, as that of spaVAE does."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.z_encoder.register_forward_hook(self._below_one)

    @staticmethod
    def _below_one(_module, _inputs, outputs):
        qz = Normal(outputs[0].loc, (1 + outputs[0].scale.square()).rsqrt())
        return qz, qz.rsample()


@pytest.mark.parametrize("off", ["no spatial dimension", "no place"])
def test_without_places_or_surfaces_it_is_the_plain_vae(off):
    spatial = module_of(n_spatial=0 if off == "no spatial dimension" else 2, kl_weight=1.0)
    plain = PlainVAE(**SIZES, n_latent=3)
    weights = spatial.state_dict()
    plain.load_state_dict({name: weights[name] for name in plain.state_dict()})
    tensors = minibatch()
    if off == "no place":
        tensors["coordinates"][:] = torch.nan
    with torch.no_grad():
        spatial.spatial_prior.mean.zero_()
        spatial.spatial_prior.log_deviation.zero_()  # weights as before anything was seen
    found, expected = (each.eval()(tensors) for each in (spatial, plain))
    torch.testing.assert_close(found[0]["qz"].loc, expected[0]["qz"].loc)
    torch.testing.assert_close(found[0]["qz"].scale, expected[0]["qz"].scale)
    torch.testing.assert_close(
        found[2].kl_local["kl_local"], expected[2].kl_local["kl_divergence_z"]
    )
    usual = kl_divergence(expected[0]["qz"], Normal(0.0, 1.0)).sum(1)
    torch.testing.assert_close(found[2].kl_local["kl_local"], usual)
    losses = []
    for module in (spatial, plain):
        torch.manual_seed(3)
        samples = module.inference(**module._get_inference_input(tensors), n_samples=4_000)["qz"]
        torch.manual_seed(4)
        z = samples.rsample()
        generated = module.generative(
            z=z, library=torch.log(tensors["X"].sum(1, keepdim=True)), batch_index=tensors["batch"]
        )
        losses.append(-generated["px"].log_prob(tensors["X"]).sum(1))
    torch.testing.assert_close(*losses)


def test_gradients_reach_encoder_decoder_and_prior():
    module = module_of(DPSpatialCountVAE, dp_weight=0.0).train()
    module(minibatch())[2].loss.backward()
    prior = module.spatial_prior
    for name in ("mean", "log_deviation", "log_length"):
        assert getattr(prior, name).grad.abs().max() > 0, name
    assert prior.share_logit.grad is None  # the share is given
    assert module.z_encoder.mean_encoder.weight.grad.abs().max() > 0


def test_weight_decay_leaves_the_prior_alone():
    module = module_of(DPSpatialCountVAE, dp_weight=0.0)
    spared = {id(parameter) for parameter in module.undecayed()}
    names = {name for name, parameter in module.named_parameters() if id(parameter) in spared}
    of_prior = {f"spatial_prior.{name}" for name, _ in module.spatial_prior.named_parameters()}
    assert names == of_prior | {"distance_term.log_scale"}


def test_beta_is_steered_in_training_alone():
    options = {"kl_target": 1e-3, "kl_weight": 5.0, "kl_range": (4.0, 6.0)}
    module, tensors = module_of(**options), minibatch()
    for _ in range(3):
        module.eval()(tensors)
    assert float(module.beta) == 5.0
    before = module.train()(tensors)[2]
    assert float(module.beta) > 5.0  # the divergence is above its target
    divergence = before.kl_local["kl_local"].mean() + before.kl_global["kl_global"] / 40
    expected = 1e-3 + 0.1 * (float(divergence.detach()) / 3 - 1e-3)
    assert float(module.kl_controller.divergence) == pytest.approx(expected, rel=1e-5)
    for _ in range(2_000):
        module.kl_controller.follow(torch.tensor(1.0))
    assert float(module.beta) == 6.0
    assert module_of().beta == 5.0


def test_training_takes_up_independent_weights_again():
    module = module_of(is_exact=True)
    assert bool(module.spatial_prior.is_exact)
    module.eval()(minibatch())
    assert bool(module.spatial_prior.is_exact)
    module.train()(minibatch())
    assert not bool(module.spatial_prior.is_exact)


@pytest.mark.slow
@pytest.mark.parametrize("is_exact", [False, True])
def test_marginal_likelihood_is_the_integral_over_one_latent_dimension(is_exact):
    module = module_of(n_latent=1, n_spatial=1, is_exact=is_exact).eval()
    tensors = minibatch()
    tensors["coordinates"][0] = torch.nan
    grid = torch.linspace(-6, 6, 301)
    step = float(grid[1] - grid[0])
    with torch.no_grad():
        at = module.spatial_prior.at(tensors["coordinates"], torch.zeros(N_CELLS, dtype=torch.long))
        z = grid[:, None, None].expand(-1, N_CELLS, 1)
        generated = module.generative(
            z=z, library=torch.log(tensors["X"].sum(1, keepdim=True)), batch_index=tensors["batch"]
        )
        likelihood = generated["px"].log_prob(tensors["X"]).sum(-1).double().numpy()
    deviation = at.total.sqrt().numpy().ravel()
    density = norm.pdf(grid.numpy()[:, None], at.mean.numpy().ravel(), deviation)
    expected = np.log((density * np.exp(likelihood)).sum(axis=0) * step)
    torch.manual_seed(0)
    found = module.marginal_ll(tensors, n_mc_samples=3_000, n_mc_samples_per_pass=1_000)
    np.testing.assert_allclose(found.numpy(), expected, atol=0.02)
    torch.manual_seed(0)
    one_by_one = module.marginal_ll(tensors, n_mc_samples=300, return_mean=True)
    assert one_by_one == pytest.approx(expected.mean(), abs=0.05)


def test_the_distance_term_sees_what_expression_says_alone():
    module = module_of(DPSpatialCountVAE, dp_weight=3.0, is_exact=True).eval()
    tensors = minibatch()
    with torch.no_grad():
        found = module.inference(**module._get_inference_input(tensors))
        tensors["coordinates"][:] = torch.nan
        unknown = module.inference(**module._get_inference_input(tensors))
    torch.testing.assert_close(module.latent_mean(found), unknown["qz"].loc)
    assert not torch.allclose(found["qz"].loc, unknown["qz"].loc, atol=1e-2)
