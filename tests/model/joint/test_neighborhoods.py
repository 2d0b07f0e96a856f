import numpy as np
import pytest
from scipy.sparse import csr_matrix

from dpvae.model.joint.neighborhoods import neighborhood_axes, neighborhoods, weights_of_others


@pytest.fixture
def tissue():
    rng = np.random.default_rng(0)
    genes = rng.normal(size=(90, 6)).astype(np.float32)
    places = rng.uniform(size=(90, 2))
    places[:5] = np.nan
    return genes, places, np.where(np.arange(90) < 60, "a", "b")


def test_neighbourhoods_are_components_of_the_mean_of_the_ten_nearest(tissue):
    genes, places, section = tissue
    axes = np.random.default_rng(1).normal(size=(6, 3)).astype(np.float32)
    found = neighborhoods(lambda rows: genes[rows], places, section, axes)
    assert np.isnan(found[:5]).all()
    for cell in (5, 40, 70):
        mine = np.flatnonzero((section == section[cell]) & np.isfinite(places[:, 0]))
        distance = np.linalg.norm(places[mine] - places[cell], axis=1)
        near = mine[np.argsort(distance)[1:11]]
        np.testing.assert_allclose(found[cell], genes[near].mean(axis=0) @ axes, atol=1e-4)


def test_motion_of_a_section_changes_nothing(tissue):
    genes, places, section = tissue
    axes = np.eye(6, 2, dtype=np.float32)
    moved = places @ np.array([[0.0, -1.0], [1.0, 0.0]]) * 3 + 100
    expected = neighborhoods(lambda rows: genes[rows], places, section, axes)
    found = neighborhoods(lambda rows: genes[rows], moved, section, axes)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_components_of_independent_neighbours_have_size_1(tissue):
    genes, places, section = tissue
    axes = neighborhood_axes(lambda rows: genes[rows], np.arange(90), 6)
    found = neighborhoods(lambda rows: genes[rows], places, section, axes)[5:]
    assert 0.7 < found.std() < 1.3


def test_fewer_components_than_wanted_are_zeros():
    genes = np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)
    axes = neighborhood_axes(lambda rows: genes[rows], np.arange(4), 5)
    assert axes.shape == (6, 5)
    assert not axes[:, 3:].any()


def test_a_lonely_cell_has_no_neighbourhood():
    weights = weights_of_others(csr_matrix(np.array([[0.5, 0.5, 0], [0.5, 0.5, 0], [0, 0, 1.0]])))
    np.testing.assert_array_equal(weights.toarray(), [[0, 1, 0], [1, 0, 0], [0, 0, 0]])
