import pytest
import torch
from scvi.module.base import LossOutput

from dpvae.module.discrepancy import mean_discrepancy
from dpvae.module.latent_alignment import LatentAlignment

SIZES = {"n_latent": 3, "n_sections": 2}


def minibatch():
    generator = torch.Generator().manual_seed(0)
    section = torch.arange(20) % 2
    return torch.randn(20, 3, generator=generator) + section[:, None], section[:, None]


def loss_so_far():
    metrics = {"distance_loss": torch.tensor(0.5)}
    return LossOutput(
        loss=torch.tensor(10.0),
        reconstruction_loss=torch.ones(20),
        kl_local=torch.ones(20),
        extra_metrics=metrics,
    )


@pytest.mark.parametrize("kind", ["kernel", "adversarial"])
def test_adds_the_difference_times_weight_and_number_of_genes(kind):
    torch.manual_seed(0)
    alignment = LatentAlignment(kind, 0.5, **SIZES)
    latent, section = minibatch()
    found = alignment.add(loss_so_far(), latent, section, n_genes=40)
    measure = alignment.difference if kind == "adversarial" else mean_discrepancy
    expected = measure(latent, section).detach()
    torch.testing.assert_close(found.extra_metrics["alignment_loss"], expected)
    torch.testing.assert_close(found.loss.detach(), 10.0 + 0.5 * 40 * expected)
    assert found.extra_metrics["distance_loss"] == 0.5
    assert found.reconstruction_loss_sum == 20


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
