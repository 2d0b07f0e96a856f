from itertools import combinations

import numpy as np
import pytest
import torch

from dpvae.module import mean_discrepancy


def naive(latent, section):
    """The same by loops over sections and cells."""
    z, section = latent.double().numpy(), section.numpy()
    n_cells = len(z)
    squared = np.array([[((one - other) ** 2).sum() for other in z] for one in z])
    middle = np.sort(np.sqrt(squared[np.triu_indices(n_cells, 1)]))
    middle = middle[(len(middle) - 1) // 2] ** 2

    def kernel(i, j):
        widths = (0.25, 0.5, 1.0, 2.0, 4.0)
        return np.mean([np.exp(-squared[i, j] / (2 * width * middle)) for width in widths])

    def mean(one, other):
        return np.mean([kernel(i, j) for i in one for j in other if i != j])

    groups = [np.flatnonzero(section == code) for code in np.unique(section)]
    found = [
        mean(a, a) + mean(b, b) - 2 * mean(a, b)
        for a, b in combinations(groups, 2)
        if len(a) > 1 and len(b) > 1
    ]
    return np.mean(found) if found else 0.0


def cells(n_cells, *, shift=0.0, n_sections=2, seed=0):
    generator = torch.Generator().manual_seed(seed)
    section = torch.randint(n_sections, (n_cells, 1), generator=generator)
    return torch.randn(n_cells, 4, generator=generator) + shift * section, section


@pytest.mark.parametrize("sizes", [(7, 5), (2, 9), (4, 6, 3), (5, 1, 4), (6, 1), (8,)])
def test_is_the_mean_of_kernels_within_less_that_between(sizes):
    section = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
    latent = torch.randn(len(section), 3, generator=torch.Generator().manual_seed(0))
    latent += section[:, None]
    found = mean_discrepancy(latent, section).item()
    assert found == pytest.approx(naive(latent, section), abs=1e-5)


def test_expected_value_is_zero_where_sections_differ_by_chance_alone():
    latent = torch.randn(8, 2, generator=torch.Generator().manual_seed(1), dtype=torch.double)
    found = []
    for chosen in combinations(range(8), 3):
        section = torch.zeros(8)
        section[list(chosen)] = 1
        found.append(mean_discrepancy(latent, section).item())
    assert np.mean(found) == pytest.approx(0.0, abs=1e-12)
    assert np.std(found) > 0.01


def test_does_not_depend_on_order_unit_origin_or_names_of_sections():
    latent, section = cells(60, shift=0.7, n_sections=3)
    expected = mean_discrepancy(latent, section)
    order = torch.randperm(60, generator=torch.Generator().manual_seed(2))
    for other in (
        mean_discrepancy(latent[order], section[order]),
        mean_discrepancy(1000 * latent + 50, section),
        mean_discrepancy(latent, 7 - 2 * section.reshape(-1).float()),
    ):
        torch.testing.assert_close(other, expected, rtol=1e-4, atol=1e-5)


def test_grows_with_the_shift_between_sections():
    found = [mean_discrepancy(*cells(120, shift=shift)).item() for shift in (0.0, 0.5, 1.0, 4.0)]
    assert found == sorted(found)
    assert abs(found[0]) < 0.02
    assert 0.9 < found[-1] <= 2.0


@pytest.mark.slow
def test_more_cells_than_all_pairs_are_taken_of():
    assert abs(mean_discrepancy(*cells(1500)).item()) < 0.01
    few, many = (mean_discrepancy(*cells(n, shift=1.0)).item() for n in (1000, 1500))
    assert many == pytest.approx(few, rel=0.2)


@pytest.mark.slow
def test_against_its_gradient_sections_come_together():
    latent, section = cells(80, shift=2.0)
    latent.requires_grad_()
    optimizer = torch.optim.Adam([latent], lr=0.05)
    before = mean_discrepancy(latent, section).item()
    for _ in range(100):
        optimizer.zero_grad()
        mean_discrepancy(latent, section).backward()
        optimizer.step()
    assert mean_discrepancy(latent, section).item() < 0.1 * before


@pytest.mark.parametrize(
    ("latent", "section"),
    [
        (torch.randn(6, 2, generator=torch.Generator().manual_seed(3)), torch.zeros(6)),
        (torch.ones(6, 2), torch.tensor([0, 0, 0, 1, 1, 1])),
        (torch.ones(2, 2), torch.tensor([0, 1])),
        (torch.ones(1, 2), torch.tensor([0])),
    ],
)
def test_is_zero_and_moves_nothing_where_nothing_can_be_compared(latent, section):
    latent = latent.clone().requires_grad_()
    found = mean_discrepancy(latent, section)
    found.backward()
    assert found.item() == pytest.approx(0.0, abs=1e-6)
    assert (latent.grad == 0).all()
