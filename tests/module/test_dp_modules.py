import torch
from scvi.module import VAE

from dpvae.module import DPCountVAE

ARGUMENTS = {"n_input": 6, "n_batch": 1, "n_hidden": 8, "n_latent": 2, "n_layers": 1}


def minibatch():
    generator = torch.Generator().manual_seed(0)
    return {
        "X": torch.poisson(torch.full((10, 6), 3.0), generator=generator) + 1,
        "batch": torch.zeros(10, 1),
        "labels": torch.zeros(10, 1),
        "section": torch.zeros(10, 1),
        "coordinates": torch.randn(10, 2, generator=generator),
    }


def loss_of(cls, **kwargs):
    torch.manual_seed(0)
    module = cls(**ARGUMENTS, **kwargs).train()
    torch.manual_seed(1)
    return module(minibatch())[2].loss


def test_without_term_and_input_dropout_it_is_the_module_of_scvi():
    ours = loss_of(DPCountVAE, dp_weight=0.0, coordinate_unit=1.0, input_dropout=0.0)
    assert torch.equal(ours, loss_of(VAE))


def test_input_dropout_hides_genes_from_the_encoder_but_not_from_the_likelihood():
    module = DPCountVAE(
        **ARGUMENTS, dp_weight=0.0, coordinate_unit=1.0, input_dropout=0.999
    ).train()
    inputs = module._get_inference_input(minibatch())
    hidden = module.inference(**inputs)
    torch.testing.assert_close(hidden["library"], inputs["x"].sum(1, keepdim=True).log())
    assert hidden["qz"].loc.std(0).max() < 1e-3
    assert module.eval().inference(**inputs)["qz"].loc.std(0).max() > 1e-3
