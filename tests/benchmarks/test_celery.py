from itertools import pairwise

import numpy as np
import pytest
import torch
from anndata import AnnData
from benchmarks.accuracy.problem import Problem
from benchmarks.cortex import celery
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


@pytest.fixture(scope="module")
def cells():
    rng = np.random.default_rng(0)
    genes = rng.normal(size=(42, 12)).astype(np.float32)
    return genes, rng.random((42, 2)).astype(np.float32)


def by_torch(genes, shares, seed, n_epochs, rate, patience):
    """The same, as torch does it."""
    torch.manual_seed(seed)
    sizes = genes.shape[1], 30, 25, 15, 2
    layers = []
    for pair in pairwise(sizes):
        layers += [nn.Linear(*pair), nn.ReLU()]
    network = nn.Sequential(*layers[:-1], nn.Sigmoid())
    adam = torch.optim.Adam(network.parameters(), lr=rate, weight_decay=1e-5)
    data = TensorDataset(torch.tensor(genes), torch.tensor(shares))
    batches = DataLoader(data, 4, shuffle=True, generator=torch.Generator().manual_seed(seed))
    least, n_worse = np.inf, 0
    for _ in range(n_epochs):
        total = 0.0
        for x, y in batches:
            loss = nn.functional.mse_loss(network(x), y)
            adam.zero_grad()
            loss.backward()
            adam.step()
            total += loss.item()
        n_worse += total > least
        if total <= least:
            least = total
        elif n_worse == patience:
            n_worse, least = 0, least + 10.0
            adam.param_groups[0]["lr"] /= 2
    with torch.no_grad():
        return network(torch.tensor(genes)).numpy()


@pytest.mark.slow
@pytest.mark.parametrize("rate", [1e-4, 3e-2])
def test_same_steps_as_torch(cells, rate, monkeypatch):
    genes, shares = cells
    monkeypatch.setattr(celery, "LEARNING_RATE", rate)
    monkeypatch.setattr(celery, "PATIENCE", 2)
    known = celery.with_ones(genes)
    weights = celery.trained(known, shares, seed=3, n_epochs=8)
    expected = by_torch(genes, shares, seed=3, n_epochs=8, rate=rate, patience=2)
    assert np.ptp(expected) > 0.01
    np.testing.assert_allclose(celery.outputs(weights, known)[-1], expected, atol=2e-5)


def test_training_ends_when_the_rate_is_small(cells, monkeypatch):
    losses = []

    def worse(*_):
        losses.append(float(len(losses)))
        return losses[-1], 0

    monkeypatch.setattr(celery, "LEARNING_RATE", 1.5 * celery.SMALLEST_RATE)
    monkeypatch.setattr(celery, "run_epoch", worse)
    celery.trained(celery.with_ones(cells[0]), cells[1], seed=0, n_epochs=500)
    assert len(losses) == 1 + celery.PATIENCE


def test_the_frame_is_large_for_the_method_and_is_given_back():
    places = np.random.default_rng(0).normal(size=(20, 2)) * [0.3, 0.1]
    cells = AnnData(np.ones((20, 1), np.float32), obsm={"spatial": places})
    ranges = []

    def first_ones(problem):
        ranges.append(np.ptp(problem.reference.obsm["spatial"], axis=0).max())
        return problem.reference.obsm["spatial"][:5]

    found = celery.in_a_large_frame(first_ones)(Problem(cells, cells[:5], places[:5], 0))
    assert ranges == pytest.approx([celery.LARGE_RANGE])
    np.testing.assert_allclose(found, places[:5])
    np.testing.assert_array_equal(cells.obsm["spatial"], places)
