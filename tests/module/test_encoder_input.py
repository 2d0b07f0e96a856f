import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix

from dpvae.module import EncoderInput


def of_two_genes(mean, scale, **options):
    seen = EncoderInput(2, **options).eval()
    seen.set_genes(torch.tensor(mean), torch.tensor(scale))
    return seen


def test_one_row_serves_all_sections():
    seen = of_two_genes([[1.0, 2.0]], [[2.0, 1.0]])
    values = seen(torch.tensor([[3.0, 2.0], [1.0, 5.0]]), torch.tensor([[0.0], [4.0]]))
    assert values.tolist() == [[1.0, 0.0], [0.0, 3.0]]


def test_each_section_has_its_row():
    seen = of_two_genes([[0.0, 1.0], [10.0, 0.0]], [[1.0, 1.0], [2.0, 1.0]], n_sections=2)
    values = seen(torch.tensor([[1.0, 1.0], [14.0, 0.0]]), torch.tensor([[0], [1]]))
    assert values.tolist() == [[1.0, 0.0], [2.0, 0.0]]


def test_weights_multiply_standardized_genes_and_what_regressions_are_given():
    seen = of_two_genes([[0.0, 0.0]], [[2.0, 4.0]])
    seen.weight.copy_(torch.tensor([3.0, 0.5]))
    assert seen(torch.tensor([[2.0, 4.0]])).tolist() == [[3.0, 0.5]]
    np.testing.assert_allclose(seen.factor, [1.5, 0.125])


def counts(n_cells=50, n_genes=7):
    return torch.poisson(torch.full((n_cells, n_genes), 3.0), torch.Generator().manual_seed(0))


@pytest.mark.parametrize("form", [np.asarray, csr_matrix])
@pytest.mark.parametrize("kind", ["raw", "logged", None])
@pytest.mark.parametrize("n_sections", [None, 2])
def test_regressions_see_what_the_encoder_sees_but_center_and_weight(form, kind, n_sections):
    seen = EncoderInput(7, counts=kind, normalize_depth=True, n_sections=n_sections).eval()
    rows, generator = n_sections or 1, torch.Generator().manual_seed(1)
    seen.depth.fill_(30.0)
    mean, scale = torch.rand(2, rows, 7, generator=generator) + 0.5
    seen.set_genes(mean, scale, torch.linspace(1, 2, 7))
    values, section = counts(), np.arange(50) % 2
    found = seen.regressed(form(values.numpy()), section)
    found = np.asarray(found.toarray() if hasattr(found, "toarray") else found) * seen.factor
    handed = values.log1p() if kind == "logged" else values
    expected = seen(handed, torch.as_tensor(section)[:, None]).numpy()
    if n_sections is None:
        found -= (mean[0] * seen.weight / scale[0]).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", ["raw", "logged", None])
def test_what_is_given_is_left_as_it_is_with_and_without_gradient(kind):
    seen = EncoderInput(7, counts=kind, normalize_depth=True, least_depth=0.5, input_dropout=0.3)
    seen.depth.fill_(30.0)
    values = counts() if kind == "raw" else counts().log1p()
    before = values.clone()
    for mode in (True, False):
        torch.manual_seed(0)
        plain = seen.train(mode)(values)
        torch.manual_seed(0)
        traced = seen(values.requires_grad_())
        torch.testing.assert_close(plain, traced.detach(), rtol=1e-5, atol=1e-5)
        values = values.detach()
        assert torch.equal(values, before)


def test_genes_are_hidden_in_training_only():
    seen, values = EncoderInput(7, input_dropout=0.5), torch.ones(200, 7)
    assert (seen.train()(values) == 0).float().mean().item() == pytest.approx(0.5, abs=0.1)
    assert torch.equal(seen.eval()(values), values)


def test_log_normalized_values_are_handed_to_regressions_without_a_copy():
    values = csr_matrix(np.eye(3))
    assert EncoderInput(3).regressed(values, np.zeros(3, dtype=int)) is values
