"""Regions as polygons."""

import numpy as np
import pytest
import shapely
from scipy.sparse import csr_matrix
from scipy.spatial import cKDTree

from dpvae.geometry import Posterior
from dpvae.io.region_polygons import region_polygons, tiles


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


def test_every_point_of_the_tissue_is_in_the_tile_of_its_nearest_position():
    rng = np.random.default_rng(0)
    positions = rng.uniform(size=(300, 2))
    positions = positions[np.linalg.norm(positions - 0.5, axis=1) > 0.25]  # a hole
    found = tiles(positions)
    points = rng.uniform(-1.0, 2.0, size=(5000, 2))
    distance, nearest = cKDTree(positions).query(points)
    spacing = np.median(cKDTree(positions).query(positions, k=[5])[0])
    is_near, is_far = distance < 0.6 * spacing, distance > 1.5 * spacing
    tree = shapely.STRtree(found)
    point, tile = tree.query(shapely.points(points), predicate="within")
    np.testing.assert_array_equal(nearest[point], tile)
    assert set(np.flatnonzero(is_near)) <= set(point)
    assert not set(np.flatnonzero(is_far)) & set(point)
    union = shapely.coverage_union_all(found)
    assert union.is_valid
    assert union.area == pytest.approx(shapely.area(found).sum())


@pytest.mark.parametrize("n_positions", [1, 2, 3])
def test_few_positions_have_tiles_of_their_own(n_positions):
    positions = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]])[:n_positions]
    found = tiles(positions)
    assert shapely.is_valid(found).all()
    assert (shapely.contains(found, shapely.points(positions))).all()


def test_positions_that_several_cells_share_have_one_tile(grid):
    twice = np.vstack([grid.positions, grid.positions])
    half = grid.probabilities.toarray() / 2
    doubled = Posterior(twice, csr_matrix(np.hstack([half, half])), np.arange(800), np.ones(3))
    found, expected = region_polygons(doubled, 0.8), region_polygons(grid, 0.8)
    np.testing.assert_allclose(found.area, expected.area)


def test_the_area_follows_the_unit(grid):
    larger = Posterior(7.0 * grid.positions, grid.probabilities, np.arange(400), np.ones(3))
    areas = [region_polygons(each, 0.9).area for each in (grid, larger)]
    np.testing.assert_allclose(areas[1], 49.0 * areas[0], rtol=1e-6)


def test_space_is_refused(grid):
    solid = np.column_stack([grid.positions, np.zeros(400)])
    found = Posterior(solid, grid.probabilities, np.arange(400), np.ones(3))
    with pytest.raises(ValueError, match="two dimensions only: leave out posterior=…"):
        region_polygons(found, 0.9)
