import numpy as np
import pytest
import torch
from benchmarks.cortex.set_encoder import Design, drawn, layouts, network_of, stress
from benchmarks.cortex.tasks import task_of
from scipy.spatial.distance import pdist

from dpvae import metrics
from dpvae.datasets import simulated_tissue


@pytest.fixture
def cells():
    return torch.randn(2, 40, 10, generator=torch.Generator().manual_seed(0))


def network(**options):
    torch.manual_seed(0)
    return network_of(10, Design(**options)).eval()


def test_points_follow_the_order_of_the_cells(cells):
    order = torch.randperm(40, generator=torch.Generator().manual_seed(1))
    encoder = network()
    with torch.no_grad():
        torch.testing.assert_close(encoder(cells)[:, order], encoder(cells[:, order]))


def test_only_with_attention_does_a_cell_see_the_others_of_its_set(cells):
    other = cells.clone()
    other[0, 1:] += 1.0
    for attends in (True, False):
        encoder = network(attends=attends)
        with torch.no_grad():
            moved = (encoder(cells) - encoder(other)).abs().amax(dim=2)
        assert (moved[0, 0] > 1e-3) == attends
        assert (moved[1] < 1e-6).all()


def test_stress_is_the_naive_one_and_does_not_see_rotations(cells):
    points, places = cells[..., :3], cells[..., 3:5]
    found, true = (
        np.concatenate([pdist(one) for one in values.numpy()]) for values in (points, places)
    )
    expected = ((found - true) ** 2).sum() / (true**2).sum()
    assert stress(points, places).item() == pytest.approx(expected, rel=1e-3)
    turn = torch.tensor([[0.6, -0.8], [0.8, 0.6]])
    assert stress(places @ turn + 3.0, places).item() == pytest.approx(0.0, abs=1e-4)


def test_sets_are_of_one_section_and_half_of_them_of_one_side():
    rng = np.random.default_rng(0)
    places = rng.normal(size=(200, 2))
    sections = [np.arange(100), np.arange(100, 200)]
    rows = [drawn(sections, places, 20, Design(from_blocks=True), rng) for _ in range(40)]
    assert all(len({int(row >= 100) for row in one}) == 1 for one in rows)
    away = [np.linalg.norm(places[one].mean(axis=0)) for one in rows]
    whole = [drawn(sections, places, 20, Design(), rng) for _ in range(40)]
    assert np.mean(away) > 1.2 * np.mean([np.linalg.norm(places[o].mean(axis=0)) for o in whole])


@pytest.mark.trains
@pytest.mark.parametrize("attends", [True, False])
def test_a_new_section_is_placed(attends):
    adata = simulated_tissue(400, 40, n_sections=2, seed=0)
    names = adata.obs["section"].astype(str).to_numpy()
    known, new = (adata[names == name].copy() for name in np.unique(names))
    task = task_of("tissue", known, new, None, holds_counts=True)
    (places,) = layouts(task, Design(attends=attends, n_steps=100))
    assert metrics.cell_distance_spearman(task.truth, places) > 0.3
