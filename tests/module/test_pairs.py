import itertools

import pytest
import torch

from dpvae.module.pairs import MAX_PAIRS, CellPairs

CPU = torch.device("cpu")


def test_all_pairs_of_a_small_batch_match_a_double_loop():
    positions = torch.randn(7, 3, generator=torch.Generator().manual_seed(0))
    pairs = CellPairs.of(7, CPU)
    expected = [
        torch.dist(positions[i], positions[j]) for i, j in itertools.combinations(range(7), 2)
    ]
    assert list(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)) == list(
        itertools.combinations(range(7), 2)
    )
    torch.testing.assert_close(pairs.distances(positions), torch.stack(expected))


@pytest.mark.slow
@pytest.mark.parametrize("n_cells", [1025, 5000])
def test_large_batches_take_a_bounded_number_of_distinct_pairs_that_meet_every_cell(n_cells):
    pairs = CellPairs.of(n_cells, CPU)
    assert len(pairs.first) <= MAX_PAIRS
    ends = torch.stack([pairs.first, pairs.second]).sort(dim=0).values
    assert ends.unique(dim=1).shape[1] == len(pairs.first)
    assert (ends[0] != ends[1]).all()
    assert (torch.bincount(pairs.first, minlength=n_cells) > 0).all()


def test_distances_of_a_large_batch_belong_to_its_pairs():
    positions = torch.randn(1100, 2, generator=torch.Generator().manual_seed(0))
    pairs = CellPairs.of(1100, CPU)
    expected = (positions[pairs.first] - positions[pairs.second]).norm(dim=1)
    torch.testing.assert_close(pairs.distances(positions), expected)


@pytest.mark.parametrize("n_cells", [3, 1100])
def test_coinciding_positions_have_distance_and_gradient_zero(n_cells):
    positions = torch.zeros(n_cells, 2, requires_grad=True)
    distances = CellPairs.of(n_cells, CPU).distances(positions)
    distances.sum().backward()
    assert distances.abs().max() == 0
    assert positions.grad.abs().max() == 0


def test_masked_pairs_are_those_above_the_diagonal_with_their_weights():
    mask = torch.tensor([[0.0, 2.0, 0.0], [2.0, 0.0, 0.5], [0.0, 0.5, 9.0]])
    pairs = CellPairs.masked(mask)
    found = list(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))
    assert dict(zip(found, pairs.weight.tolist(), strict=True)) == {(0, 1): 2.0, (1, 2): 0.5}


def test_too_many_masked_pairs_are_thinned_evenly_and_keep_their_weights():
    n_pairs = 3 * MAX_PAIRS
    numbers = torch.arange(n_pairs)
    pairs = CellPairs.weighted(numbers, numbers + 1, numbers.double())
    assert len(pairs.weight) == MAX_PAIRS
    assert (pairs.second - pairs.first == 1).all()
    torch.testing.assert_close(pairs.weight, pairs.first.double())
    steps = pairs.first.diff()
    assert steps.min() >= 2
    assert steps.max() <= 4
