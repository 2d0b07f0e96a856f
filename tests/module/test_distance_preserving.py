import pytest
import torch

from dpvae.module import DPGaussianVAE, GaussianVAE

SIZES = {
    "n_batch": 1,
    "n_hidden": 8,
    "n_latent": 3,
    "n_layers": 1,
    "dropout_rate": 0.0,
    "input_dropout": 0.0,
}


def minibatch(n_genes=5, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return {
        "X": torch.randn(16, n_genes, generator=generator),
        "batch": torch.zeros(16, 1),
        "section": torch.zeros(16, 1),
        "coordinates": torch.randn(16, 2, generator=generator),
    }


def build(dp_weight=2.0, n_genes=5, **kwargs):
    torch.manual_seed(0)
    statistics = torch.zeros(1, n_genes), torch.ones(1, n_genes)
    return DPGaussianVAE(*statistics, dp_weight=dp_weight, coordinate_unit=1.0, **SIZES, **kwargs)


def losses(module, tensors):
    module.eval()
    torch.manual_seed(1)
    return module(tensors, loss_kwargs={"kl_weight": 0.5})


@pytest.mark.parametrize("n_genes", [5, 50])
def test_adds_the_term_times_weight_and_number_of_genes(n_genes):
    tensors = minibatch(n_genes)
    plain = losses(build(0.0, n_genes), tensors)[2]
    inference, _, full = losses(build(2.0, n_genes), tensors)
    term = build().distance_term(inference["qz"].loc, tensors["coordinates"], tensors["section"])
    torch.testing.assert_close(full.loss - plain.loss, 2.0 * n_genes * term, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(full.extra_metrics["distance_loss"], term)
    torch.testing.assert_close(full.extra_metrics["distance_scale"], torch.tensor(1.0))


def test_weight_zero_is_the_backbone_alone():
    torch.manual_seed(0)
    backbone = GaussianVAE(torch.zeros(1, 5), torch.ones(1, 5), **SIZES)
    tensors = minibatch()
    torch.testing.assert_close(
        losses(build(0.0), tensors)[2].loss, losses(backbone, tensors)[2].loss
    )


def test_sampled_latent_is_used_on_request():
    tensors = minibatch()
    inference, _, output = losses(build(distance_latent="sample"), tensors)
    term = build().distance_term(inference["z"], tensors["coordinates"], tensors["section"])
    torch.testing.assert_close(output.extra_metrics["distance_loss"], term)


def test_several_samples_of_z_give_a_finite_loss():
    module = build()
    _, _, output = module(minibatch(), inference_kwargs={"n_samples": 4})
    assert output.loss.isfinite()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dp_weight": -1.0}, "dp_weight is -1.0: give a finite number that is at least 0"),
        ({"distance_latent": "mode"}, "distance_latent is 'mode': choose 'mean' or 'sample'"),
    ],
)
def test_impossible_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        build(**options)
