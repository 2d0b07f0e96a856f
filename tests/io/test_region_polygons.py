"""Regions as polygons."""

import numpy as np
import pytest
import shapely
from scipy.sparse import csr_matrix

from dpvae.geometry import Posterior
from dpvae.io.region_polygons import region_polygons


@pytest.fixture
def grid():
    """Three cells, one of them with two separate places, on a grid of 20 × 20 positions."""
    positions = 10.0 * np.stack(np.divmod(np.arange(400), 20), axis=1)
    rng = np.random.default_rng(0)
    weights = np.zeros((3, 400))
    for cell, centers in enumerate(([[50, 50]], [[30, 40], [150, 160]], [[190, 0]])):
        for center in centers:
            distance = np.linalg.norm(positions - center, axis=1)
            weights[cell] += np.exp(-((distance / (10.0 + 5 * cell)) ** 2))
    weights *= rng.uniform(0.9, 1.1, size=weights.shape)
    weights /= weights.sum(axis=1, keepdims=True)
    return Posterior(positions, csr_matrix(weights), np.arange(400), np.ones(3))


def test_a_polygon_holds_the_positions_of_the_region_and_no_others(grid):
    found = region_polygons(grid, 0.8)
    inside = grid.region(0.8).toarray()
    dots = shapely.points(grid.positions)
    for cell, outline in enumerate(found.geometry):
        np.testing.assert_array_equal(shapely.contains(outline, dots), inside[cell])
    np.testing.assert_allclose(found["share"], inside.mean(axis=1))


def test_neighbours_touch_and_separate_places_do_not(grid):
    parts = [len(shapely.get_parts(outline)) for outline in region_polygons(grid, 0.5).geometry]
    assert parts == [1, 2, 1]


def test_the_area_follows_the_unit(grid):
    larger = Posterior(7.0 * grid.positions, grid.probabilities, np.arange(400), np.ones(3))
    areas = [region_polygons(each, 0.9).area for each in (grid, larger)]
    np.testing.assert_allclose(areas[1], 49.0 * areas[0], rtol=1e-6)


def test_space_is_refused(grid):
    solid = np.column_stack([grid.positions, np.zeros(400)])
    found = Posterior(solid, grid.probabilities, np.arange(400), np.ones(3))
    with pytest.raises(ValueError, match="two dimensions only: leave out posterior=…"):
        region_polygons(found, 0.9)
