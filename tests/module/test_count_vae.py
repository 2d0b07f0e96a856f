"""The VAE of counts without a distance term; what it shares with scVI's is in test_dp_count_vae."""

import numpy as np
import torch
from scipy.stats import nbinom

from dpvae.module.count_vae import CountVAE

SIZES = {"n_input": 6, "n_batch": 2, "n_hidden": 8, "n_latent": 2, "n_layers": 1}


def minibatch():
    generator = torch.Generator().manual_seed(0)
    return {
        "X": torch.poisson(torch.full((10, 6), 2.0), generator=generator) + torch.eye(10, 6),
        "batch": torch.arange(10).unsqueeze(1) % 2,
        "labels": torch.zeros(10, 1),
    }


def module_of(**options):
    torch.manual_seed(0)
    return CountVAE(**SIZES, gene_likelihood="nb", **options)


def test_reconstruction_is_the_negative_binomial_of_scipy():
    module, tensors = module_of().eval(), minibatch()
    with torch.no_grad():
        _, generated, losses = module(tensors)
    px = generated["px"]
    mean, size = px.mu.double().numpy(), module.px_r.detach().exp().double().numpy()
    expected = -nbinom.logpmf(tensors["X"].numpy(), size, size / (size + mean)).sum(axis=1)
    np.testing.assert_allclose(losses.reconstruction_loss["reconstruction_loss"], expected, 1e-4)


def test_a_query_of_twice_the_depth_is_encoded_alike_if_depth_is_normalized():
    tensors = minibatch()
    deeper = tensors | {"X": 2 * tensors["X"]}
    for normalize_depth in (True, False):
        module = module_of(normalize_depth=normalize_depth).eval()
        module.encoder_input.depth.fill_(12.0)
        with torch.no_grad():
            found, again = (
                module.inference(**module._get_inference_input(cells))["qz"].loc
                for cells in (tensors, deeper)
            )
        assert torch.allclose(found, again, atol=1e-5) == normalize_depth
