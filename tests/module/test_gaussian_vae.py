import math

import pytest
import torch

from dpvae.module import EncoderInput, GaussianVAE


def build(**kwargs):
    torch.manual_seed(0)
    options = {
        "n_batch": 2,
        "n_hidden": 8,
        "n_latent": 3,
        "n_layers": 2,
        "dropout_rate": 0.2,
    }
    encoder_input = EncoderInput(3, input_dropout=0.5)
    encoder_input.set_genes(torch.tensor([[1.0, 2.0, 3.0]]), torch.tensor([[2.0, 1.0, 0.5]]))
    return GaussianVAE(encoder_input, **(options | kwargs))


def minibatch(n_cells=6):
    generator = torch.Generator().manual_seed(0)
    return {
        "X": torch.randn(n_cells, 3, generator=generator),
        "batch": torch.arange(n_cells)[:, None] % 2,
        "section": torch.zeros(n_cells, 1),
    }


def test_loss_is_the_negative_elbo_of_standardized_genes():
    module, tensors = build().eval(), minibatch()
    inference, generative, output = module(tensors, loss_kwargs={"kl_weight": 0.3})
    genes = (tensors["X"] - module.encoder_input.mean) / module.encoder_input.scale
    squared = (genes - generative["px"].loc).square().sum(1)
    reconstruction = 0.5 * squared + 1.5 * math.log(2 * math.pi)
    mean, variance = inference["qz"].loc, inference["qz"].scale.square()
    kl = 0.5 * (variance + mean.square() - 1 - variance.log()).sum(1)
    torch.testing.assert_close(output.reconstruction_loss["reconstruction_loss"], reconstruction)
    torch.testing.assert_close(output.kl_local["kl_local"], kl)
    torch.testing.assert_close(output.loss, (reconstruction + 0.3 * kl).mean())


def test_genes_are_hidden_from_the_encoder_in_training_only():
    module, tensors = build(dropout_rate=0.0), minibatch()
    inputs = module._get_inference_input(tensors)

    def means():
        return module.inference(**inputs)["qz"].loc

    module.eval()
    torch.testing.assert_close(means(), means())
    for layer in module.modules():
        if isinstance(layer, torch.nn.BatchNorm1d):
            layer.momentum = 0.0
    module.train()
    assert (means() - means()).abs().max() > 1e-3


def test_encoder_sees_the_batch_only_on_request():
    tensors = minibatch()
    other = tensors | {"batch": 1 - tensors["batch"]}
    for encode_covariates in (False, True):
        module = build(encode_covariates=encode_covariates).eval()
        here, there = (
            module.inference(**module._get_inference_input(cells))["qz"].loc
            for cells in (tensors, other)
        )
        assert torch.equal(here, there) is not encode_covariates


@pytest.mark.slow
def test_marginal_likelihood_of_a_decoder_that_ignores_z_is_exact():
    module, tensors = build().eval(), minibatch()
    encoder = module.z_encoder
    for layer in (module.decoder_mean, encoder.mean_encoder, encoder.var_encoder):
        torch.nn.init.zeros_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
    genes = (tensors["X"] - module.encoder_input.mean) / module.encoder_input.scale
    exact = torch.distributions.Normal(0.0, 1.0).log_prob(genes).sum(1)
    estimate = module.marginal_ll(tensors, n_mc_samples=2000)
    torch.testing.assert_close(estimate, exact, atol=1e-3, rtol=0)
    mean = module.marginal_ll(tensors, n_mc_samples=2000, return_mean=True)
    assert mean == pytest.approx(exact.mean().item(), abs=1e-3)


def test_genes_are_standardized_by_what_the_encoder_input_was_given():
    encoder_input = EncoderInput(3, input_dropout=0.0)
    module = GaussianVAE(
        encoder_input, n_batch=1, n_hidden=4, n_latent=2, n_layers=1, dropout_rate=0.0
    )
    mean, scale = torch.tensor([[1.0, 2.0, 3.0]]), torch.tensor([[2.0, 1.0, 0.5]])
    encoder_input.set_genes(mean, scale)
    torch.testing.assert_close(module.gene_standardization.mean, mean)
    torch.testing.assert_close(module.gene_standardization.scale, scale)
