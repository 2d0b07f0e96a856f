"""The linear decoder of spaLDVAE."""

import pytest
import torch
from tests.module.test_spatial_count_vae import SIZES, minibatch, prior_of

from dpvae.module.spatial_linear_vae import DPSpatialLinearVAE


@pytest.fixture
def module():
    prior = prior_of(3, 2)
    torch.manual_seed(0)
    options = {"spatial_prior": prior, "kl_weight": 1.0, "dp_weight": 0.0}
    return DPSpatialLinearVAE(**SIZES, n_latent=3, **options).eval()


def logarithms(module, z, batch):
    """Logarithms of the shares of genes, relative to their mean over genes."""
    with torch.no_grad():
        nothing = torch.zeros(len(z), 1, dtype=torch.long)
        px = module.generative(z=z, library=nothing, batch_index=nothing + batch)["px"]
    found = px.scale.log()
    return found - found.mean(1, keepdim=True)


@pytest.mark.parametrize("batch", [0, 1])
def test_logarithms_of_shares_rise_by_the_loadings(module, batch):
    zero = torch.zeros(1, 3)
    start = logarithms(module, zero, batch)
    for dimension in range(3):
        for step in (1.0, -2.0, 5.0):
            moved = zero.clone()
            moved[0, dimension] = step
            rise = (logarithms(module, moved, batch) - start)[0] / step
            torch.testing.assert_close(rise, module.loadings[:, dimension], atol=1e-5, rtol=1e-4)


def test_loadings_have_mean_zero_over_genes(module):
    assert module.loadings.shape == (6, 3)
    torch.testing.assert_close(module.loadings.mean(0), torch.zeros(3))


def test_batches_shift_genes_whatever_z_is(module):
    z = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    difference = logarithms(module, z, 1) - logarithms(module, z, 0)
    torch.testing.assert_close(difference, difference[:1].expand(5, -1), atol=1e-5, rtol=1e-4)
    assert difference.abs().max() > 1e-2


def test_loadings_learn(module):
    module.train()(minibatch())[2].loss.backward()
    assert module.decoder.factor_regressor.fc_layers[0][0].weight.grad[:, :3].abs().max() > 0
