import torch
from torch.distributions import Normal

from dpvae.module.neighborhood_expert import NeighborhoodExpert, product_of_normals


def expert():
    torch.manual_seed(0)
    sizes = {"n_layers": 1, "n_hidden": 8, "dropout_rate": 0.0}
    return NeighborhoodExpert(6, 4, 3, **sizes)


def own(n=5):
    torch.manual_seed(1)
    return Normal(torch.randn(n, 3), torch.rand(n, 3) + 0.1)


def test_the_product_of_two_densities():
    first, second = own(), Normal(torch.randn(5, 3), torch.rand(5, 3) + 0.1)
    found = product_of_normals(first, second)
    z = torch.randn(50, 5, 3)
    difference = first.log_prob(z) + second.log_prob(z) - found.log_prob(z)
    torch.testing.assert_close(difference, difference[:1].expand_as(z), atol=1e-4, rtol=1e-4)


def test_a_cell_without_a_neighbourhood_keeps_its_own_posterior():
    joint, around = expert().eval(), torch.randn(5, 4)
    around[2] = torch.nan
    found = joint(own(), around)
    torch.testing.assert_close(found.loc[2], own().loc[2])
    torch.testing.assert_close(found.scale[2], own().scale[2])
    assert (found.scale[[0, 1, 3, 4]] < own().scale[[0, 1, 3, 4]]).all()
    near = joint.given_place(around)
    torch.testing.assert_close(near.loc[2], torch.zeros(3))
    torch.testing.assert_close(near.scale[2], torch.ones(3))
    expected = product_of_normals(own(), near)
    torch.testing.assert_close(found.loc[0], expected.loc[0])


def test_in_training_half_of_the_cells_do_without():
    joint, around = expert().train(), torch.randn(2_000, 4)
    mine = own(2_000)
    share = (joint(mine, around).loc == mine.loc).all(dim=1).float().mean()
    assert 0.45 < share < 0.55


def test_without_any_neighbourhood_nothing_changes():
    joint, around = expert().train(), torch.full((5, 4), torch.nan)
    assert joint(own(), around).loc.equal(own().loc)
