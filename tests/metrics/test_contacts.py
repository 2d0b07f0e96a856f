import numpy as np
import pytest
from scipy.spatial.distance import pdist

from dpvae.metrics import contact_precision


@pytest.mark.parametrize("radius", [0.3, 1.0])
def test_equals_ranking_all_pairs(radius):
    rng = np.random.default_rng(0)
    true = rng.normal(size=(70, 2))
    recovered = true + 0.4 * rng.normal(size=(70, 2))
    contact = pdist(true) <= radius
    nearest = np.argsort(pdist(recovered))[: contact.sum()]
    expected = contact[nearest].mean()
    assert contact_precision(true, recovered, radius=radius) == pytest.approx(expected)


def test_the_default_radius_finds_the_lattice_neighbors():
    grid = 100.0 * np.stack(np.meshgrid(range(8), range(8)), axis=-1).reshape(-1, 2)
    expected = contact_precision(grid, grid[:, ::-1] * 3.0, radius=142.0)
    assert expected == 1.0
    moved = grid + np.random.default_rng(0).normal(0, 60, grid.shape)
    default = contact_precision(grid, moved)
    assert default == contact_precision(grid, moved, radius=150.0)
    assert 0.3 < default < 0.9


def test_chance_is_the_density_of_contacts():
    rng = np.random.default_rng(1)
    true = rng.uniform(size=(400, 2))
    contact = pdist(true) < 0.2
    found = [contact_precision(true, rng.permutation(true), radius=0.2) for _ in range(10)]
    assert np.mean(found) == pytest.approx(contact.mean(), rel=0.15)


def test_one_point_is_chance_and_no_crash():
    true = np.random.default_rng(1).uniform(size=(100, 2))
    density = (pdist(true) <= 0.2).mean()
    assert contact_precision(true, np.zeros((100, 2)), radius=0.2) == pytest.approx(density)


def test_doubled_places_do_not_fool_the_default_radius():
    true = np.repeat(np.random.default_rng(2).uniform(size=(60, 2)), 2, axis=0)
    assert contact_precision(true, true) == 1.0


def test_no_contact_is_an_error():
    with pytest.raises(ValueError, match=r"no pair of cells is within radius=0\.5"):
        contact_precision(np.eye(4), np.eye(4), radius=0.5)
