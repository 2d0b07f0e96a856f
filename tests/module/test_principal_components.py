import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal
from sklearn.decomposition import PCA

from dpvae.module import EncoderInput
from dpvae.module.principal_components import DPPrincipalComponents, PrincipalComponents

N_GENES = 6


@pytest.fixture
def genes():
    """Centred genes of 300 cells, three directions of which vary more than noise."""
    rng = np.random.default_rng(0)
    factors = rng.normal(size=(300, 3)) * [3.0, 2.0, 1.0]
    values = factors @ rng.normal(size=(3, N_GENES)) + 0.5 * rng.normal(size=(300, N_GENES))
    return values - values.mean(axis=0)


def module_of(genes, n_latent=3, module_class=PrincipalComponents, **options):
    module = module_class(EncoderInput(N_GENES), n_latent, **options)
    pca = PCA(n_latent, svd_solver="full").fit(genes)
    module.set_axes(
        torch.tensor(pca.components_.T, dtype=torch.float32),
        torch.tensor(pca.explained_variance_, dtype=torch.float32),
        pca.noise_variance_,
    )
    return module.eval(), pca


def minibatch(genes):
    return {
        "X": torch.tensor(genes, dtype=torch.float32),
        "section": torch.zeros(len(genes), 1),
        "batch": torch.zeros(len(genes), 1),
    }


def test_latents_are_components_drawn_to_zero_by_noise(genes):
    module, pca = module_of(genes)
    found = module.inference(**module._get_inference_input(minibatch(genes), True))["qz"]
    certainty = 1.0 - pca.noise_variance_ / pca.explained_variance_
    np.testing.assert_allclose(found.loc, pca.transform(genes) * certainty, atol=1e-4)
    np.testing.assert_allclose(found.scale[0], np.sqrt(certainty * pca.noise_variance_), rtol=1e-5)


def test_the_bound_is_the_likelihood_because_the_posterior_is_exact(genes):
    module, pca = module_of(genes)
    torch.manual_seed(0)
    tensors = minibatch(np.repeat(genes[:2], 4_000, axis=0))
    _, _, loss = module(tensors, get_inference_input_kwargs={"full_forward_pass": True})
    reconstruction = loss.reconstruction_loss["reconstruction_loss"]
    found = -(reconstruction + loss.kl_local["kl_local"]).reshape(2, -1).mean(dim=1)
    exact = multivariate_normal(np.zeros(N_GENES), pca.get_covariance()).logpdf(genes[:2])
    np.testing.assert_allclose(found, exact, atol=0.05)


def test_fewer_components_than_asked_for_leave_the_others_at_zero(genes):
    module = PrincipalComponents(EncoderInput(N_GENES), 5)
    module.set_axes(torch.eye(N_GENES)[:, :2], torch.tensor([4.0, 2.0]), 0.5)
    found = module.inference(**module._get_inference_input(minibatch(genes), True))["qz"]
    assert (found.loc[:, 2:] == 0).all()
    assert (found.loc[:, :2] != 0).any()


def test_a_noise_of_zero_gives_finite_numbers(genes):
    module = PrincipalComponents(EncoderInput(N_GENES), 2)
    module.set_axes(torch.eye(N_GENES)[:, :2], torch.tensor([4.0, 0.0]), 0.0)
    _, _, loss = module(minibatch(genes), get_inference_input_kwargs={"full_forward_pass": True})
    assert torch.isfinite(loss.loss)


def test_distances_are_reported_and_cost_nothing(genes):
    module, _ = module_of(genes, module_class=DPPrincipalComponents, dp_weight=0.0)
    plain, _ = module_of(genes)
    tensors = minibatch(genes) | {"coordinates": torch.tensor(genes[:, :2]).float()}
    losses = []
    for each in (module, plain):
        torch.manual_seed(0)
        losses.append(each(tensors, get_inference_input_kwargs={"full_forward_pass": True})[2])
    assert losses[0].loss.item() == pytest.approx(losses[1].loss.item())
    assert losses[0].extra_metrics["distance_loss"].item() > 0
