"""Statistics of a decoder, against those of the latents that it is given."""

import numpy as np
import pytest
import torch

from dpvae.model.tissue.decoder_statistics import chosen_cells, update_statistics


class Module(torch.nn.Module):
    """Decodes what it is given, and a random number."""

    def __init__(self):
        super().__init__()
        layers = [torch.nn.BatchNorm1d(3, momentum=0.01), torch.nn.Dropout(0.5)]
        self.encoder = torch.nn.BatchNorm1d(3)
        self.decoder = torch.nn.Sequential(*layers)

    def forward(self, tensors, *, compute_loss):
        assert not compute_loss
        assert not self.decoder[1].training
        self.decoder(self.encoder(tensors["z"] + torch.randn(3)))


@pytest.fixture
def minibatches():
    generator = torch.Generator().manual_seed(0)
    return [{"z": 5 + 3 * torch.randn(64, 3, generator=generator)} for _ in range(4)]


def test_they_are_the_mean_over_minibatches(minibatches):
    module = Module().train()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        seen = [module.encoder.eval()(each["z"] + torch.randn(3)) for each in minibatches]
    update_statistics(module, minibatches)
    layer = module.decoder[0]
    mean = torch.stack([each.mean(0) for each in seen]).mean(0)
    variance = torch.stack([each.var(0) for each in seen]).mean(0)
    torch.testing.assert_close(layer.running_mean, mean.detach())
    torch.testing.assert_close(layer.running_var, variance.detach())
    assert layer.momentum == 0.01
    assert not module.training
    assert not layer.training


def test_nothing_else_changes_and_random_numbers_go_on(minibatches):
    module = Module()
    before = module.encoder.running_mean.clone()
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    update_statistics(module, minibatches)
    torch.testing.assert_close(torch.rand(2), expected)
    torch.testing.assert_close(module.encoder.running_mean, before)
    first = module.decoder[0].running_mean.clone()
    update_statistics(module, minibatches)
    torch.testing.assert_close(module.decoder[0].running_mean, first, rtol=0, atol=0)


def test_a_decoder_without_such_layers_needs_no_minibatch():
    module = Module()
    module.decoder = torch.nn.Linear(3, 3)
    update_statistics(module, iter(()))


@pytest.mark.parametrize(
    ("n_cells", "n_chosen"), [(2, 2), (127, 127), (129, 128), (300, 256), (9_000, 8_192)]
)
def test_cells_of_whole_minibatches_are_chosen(n_cells, n_chosen):
    rows = chosen_cells(n_cells)
    assert len(np.unique(rows)) == n_chosen
    assert rows.max() < n_cells
