import pytest
import torch

from dpvae.module import DPGaussianVAE, EncoderInput, GaussianVAE

SIZES = {
    "n_batch": 1,
    "n_hidden": 8,
    "n_latent": 3,
    "n_layers": 1,
    "dropout_rate": 0.0,
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
    return DPGaussianVAE(EncoderInput(n_genes), dp_weight=dp_weight, **SIZES, **kwargs)


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
    backbone = GaussianVAE(EncoderInput(5), **SIZES)
    tensors = minibatch()
    torch.testing.assert_close(
        losses(build(0.0), tensors)[2].loss, losses(backbone, tensors)[2].loss
    )


def test_sampled_latent_is_used_on_request():
    tensors = minibatch()
    inference, _, output = losses(build(distance_latent="sample"), tensors)
    term = build().distance_term(inference["z"], tensors["coordinates"], tensors["section"])
    torch.testing.assert_close(output.extra_metrics["distance_loss"], term)


@pytest.mark.parametrize("latent", ["mean", "sample"])
def test_several_samples_of_z_are_averaged_and_the_first_is_compared(latent):
    tensors, module = minibatch(), build(distance_latent=latent).eval()
    inference, generative, output = module(tensors, inference_kwargs={"n_samples": 4})
    z, qz = inference["z"], inference["qz"]
    assert z.shape == (4, 16, 3)
    reconstruction = -generative["px"].log_prob(tensors["X"]).sum(-1)
    kl = torch.distributions.kl_divergence(qz, torch.distributions.Normal(0, 1)).sum(-1)
    compared = qz.loc if latent == "mean" else z[0]
    term = module.distance_term(compared, tensors["coordinates"], tensors["section"])
    expected = torch.stack([each.mean() for each in reconstruction]).mean() + kl.mean()
    torch.testing.assert_close(output.loss, expected + 2.0 * 5 * term)


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
