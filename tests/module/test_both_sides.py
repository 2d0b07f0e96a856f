import pytest
import torch
from torch import nn

from dpvae.module.both_sides import of_both_sides

IS_TISSUE = torch.tensor([False, True, True, False, True])


def test_each_row_comes_from_the_network_of_its_side():
    x = torch.arange(30.0).reshape(2, 5, 3)
    found = of_both_sides(IS_TISSUE, lambda rows: x[..., rows, :], lambda rows: -x[..., rows, :])
    torch.testing.assert_close(found, torch.where(IS_TISSUE[:, None], -x, x))


@pytest.mark.parametrize("is_tissue", [torch.zeros(5, dtype=bool), torch.ones(5, dtype=bool)])
def test_a_side_without_rows_is_not_asked(is_tissue):
    asked = []

    def side(name):
        return lambda rows: asked.append(name) or torch.ones(len(rows), 1)

    assert of_both_sides(is_tissue, side("cells"), side("tissue")).shape == (5, 1)
    assert asked == (["tissue"] if is_tissue[0] else ["cells"])


def test_a_row_that_is_alone_can_be_normalised_by_batch():
    torch.manual_seed(0)
    x, alone = torch.randn(5, 3), torch.arange(5) == 2
    norms = [nn.BatchNorm1d(3).train() for _ in range(2)]
    found = of_both_sides(alone, lambda rows: norms[0](x[rows]), lambda rows: norms[1](x[rows]))
    assert found.isfinite().all()
    torch.testing.assert_close(found[~alone], nn.BatchNorm1d(3).train()(x[~alone]))
