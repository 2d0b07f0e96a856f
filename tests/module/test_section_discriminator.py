import math

import pytest
import torch

from dpvae.module import SectionDiscriminator


def build(n_sections=2, n_latent=3):
    torch.manual_seed(0)
    return SectionDiscriminator(n_latent, n_sections)


def cells(shift=0.0, n_cells=400, seed=0):
    generator = torch.Generator().manual_seed(seed)
    section = (torch.rand(n_cells, 1, generator=generator) < 0.2).float()
    return torch.randn(n_cells, 3, generator=generator) + shift * section, section


def naive(discriminator, latent, section):
    """Gain over a guess, section by section, with the gradients as they are."""
    present = sorted(set(section.reshape(-1).long().tolist()))
    logits = discriminator.network(latent)[:, present]
    of_cell = torch.log_softmax(logits, dim=1)
    means = [of_cell[section.reshape(-1) == code, i].mean() for i, code in enumerate(present)]
    return math.log(len(present)) + torch.stack(means).mean()


@pytest.mark.parametrize("codes", [[0, 1, 1, 1, 0], [2, 0, 2, 2, 2], [0, 1, 2, 2, 0]])
def test_is_the_gain_over_a_guess_with_sections_alike(codes):
    discriminator, section = build(3), torch.tensor(codes)
    latent = torch.randn(5, 3, generator=torch.Generator().manual_seed(1))
    found = discriminator(latent, section[:, None].float())
    torch.testing.assert_close(found, naive(discriminator, latent, section))


def test_gradient_is_turned_round_for_the_weights_and_not_for_the_latents():
    discriminator = build()
    latent, section = cells(shift=1.0, n_cells=30)
    latent.requires_grad_()
    inputs = [latent, *discriminator.parameters()]
    found = torch.autograd.grad(discriminator(latent, section), inputs)
    expected = torch.autograd.grad(naive(discriminator, latent, section), inputs)
    torch.testing.assert_close(found[0], expected[0])
    for gradient, other in zip(found[1:], expected[1:], strict=True):
        torch.testing.assert_close(gradient, -other)


def trained(shift):
    discriminator = build()
    optimizer = torch.optim.AdamW(discriminator.parameters(), lr=3e-3)
    for seed in range(300):
        optimizer.zero_grad()
        discriminator(*cells(shift, seed=seed)).backward()
        optimizer.step()
    return discriminator(*cells(shift, n_cells=4000, seed=1000)).item()


@pytest.mark.slow
def test_learns_how_different_sections_are():
    assert abs(trained(0.0)) < 0.03
    assert 0.1 < trained(1.0) < trained(6.0) < math.log(2)
    assert trained(6.0) > 0.95 * math.log(2)


def test_one_section_gives_nothing_and_changes_nothing():
    discriminator = build()
    latent = cells()[0].requires_grad_()
    found = discriminator(latent, torch.ones(400))
    found.backward()
    assert found.item() == 0.0
    assert (latent.grad == 0).all()
    assert all((weight.grad == 0).all() for weight in discriminator.parameters())
