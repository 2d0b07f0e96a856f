import pytest
import torch

from dpvae.module import DPGaussianVAE, EncoderInput
from dpvae.module.discrepancy import mean_discrepancy
from dpvae.module.latent_alignment import LatentAlignment

SIZES = {"n_latent": 3, "n_sections": 2}
NETWORK = {"n_batch": 1, "n_hidden": 8, "n_latent": 3, "n_layers": 1, "dropout_rate": 0.0}


def minibatch():
    generator = torch.Generator().manual_seed(0)
    section = torch.arange(20)[:, None] % 2
    return {
        "X": torch.randn(20, 4, generator=generator) + section,
        "batch": torch.zeros(20, 1),
        "section": section,
        "coordinates": torch.randn(20, 2, generator=generator),
    }


@pytest.mark.parametrize("kind", ["kernel", "adversarial"])
def test_is_added_times_weight_and_number_of_genes_and_reported(kind):
    torch.manual_seed(0)
    alignment = LatentAlignment(kind, 0.5, **SIZES)
    module = DPGaussianVAE(EncoderInput(4), dp_weight=1.0, **NETWORK).eval()
    tensors = minibatch()
    torch.manual_seed(1)
    plain = module(tensors)[2]
    torch.manual_seed(1)
    inference, _, found = module(tensors, loss_kwargs={"further_terms": [alignment]})
    measure = alignment.difference if kind == "adversarial" else mean_discrepancy
    latent = inference["z"] if kind == "adversarial" else inference["qz"].loc
    expected = measure(latent, tensors["section"]).detach()
    torch.testing.assert_close(found.extra_metrics["alignment_loss"], expected)
    torch.testing.assert_close(found.loss, plain.loss + 0.5 * 4 * expected)
    assert "alignment_loss" not in plain.extra_metrics
    assert found.extra_metrics["distance_loss"] == plain.extra_metrics["distance_loss"]


def test_only_the_adversary_has_weights():
    assert list(LatentAlignment("kernel", 1.0, **SIZES).parameters()) == []
    assert len(list(LatentAlignment("adversarial", 1.0, **SIZES).parameters())) == 6


@pytest.mark.parametrize(
    ("kind", "weight", "n_sections", "message"),
    [
        ("optimal", 1.0, 2, "alignment is 'optimal': choose 'adversarial', 'kernel' or None"),
        ("kernel", 0.0, 2, "alignment_weight is 0.0: give a number above 0"),
        ("kernel", float("nan"), 2, "alignment_weight is nan"),
        ("adversarial", 1.0, 1, "makes sections alike, and there is one.*sample_key"),
    ],
)
def test_what_cannot_be_aligned_is_refused(kind, weight, n_sections, message):
    with pytest.raises(ValueError, match=message):
        LatentAlignment(kind, weight, n_latent=3, n_sections=n_sections)


def test_each_kind_has_a_weight_of_its_own():
    assert LatentAlignment("kernel", None, **SIZES).weight == 3.0
    assert LatentAlignment("adversarial", None, **SIZES).weight == 0.3
