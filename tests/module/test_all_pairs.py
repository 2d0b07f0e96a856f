import pytest
import torch

from dpvae.module import DistanceTerm
from dpvae.module.all_pairs import AllPairsError


def value_and_gradients(term, latent, places, section):
    latent = latent.clone().requires_grad_()
    term.log_scale.grad = None
    value = term(latent, places, section)
    (3 * value).backward()
    return value.detach(), latent.grad, term.log_scale.grad


@pytest.mark.parametrize("error", ["absolute", "squared"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_equals_the_path_of_other_devices(monkeypatch, error, dtype):
    generator = torch.Generator().manual_seed(0)
    latent = torch.randn(90, 5, generator=generator, dtype=dtype)
    places = 1000 * torch.randn(90, 2, generator=generator, dtype=dtype)
    places[[3, 50]] = torch.nan
    latent[7] = latent[8]
    section = torch.randint(0, 3, (90, 1), generator=generator)
    term = DistanceTerm(800.0, error=error)
    term.log_scale.data.fill_(0.3)
    compiled = value_and_gradients(term, latent, places, section)
    monkeypatch.setattr(AllPairsError, "takes", lambda _: False)
    for found, expected in zip(
        compiled, value_and_gradients(term, latent, places, section), strict=True
    ):
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-7)


def test_gradient_is_that_of_finite_differences():
    generator = torch.Generator().manual_seed(0)
    latent = torch.randn(8, 3, generator=generator, dtype=torch.double, requires_grad=True)
    log_scale = torch.tensor(0.2, dtype=torch.double, requires_grad=True)
    places = torch.randn(8, 2, generator=generator, dtype=torch.double)
    rest = (places, torch.arange(8) // 4, torch.arange(8) != 5, False)
    assert torch.autograd.gradcheck(
        lambda z, scale: AllPairsError.apply(z, scale, *rest), (latent, log_scale)
    )


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_left_to_torch(dtype):
    assert not AllPairsError.takes(torch.ones(6, 2, dtype=dtype))
