import numpy as np
import pytest

from dpvae.geometry.posterior.grid import grid_inside, has_outline


def disc(n_cells=2000, n_dims=2, hole=0.0, seed=0):
    rng = np.random.default_rng(seed)
    direction = rng.normal(size=(n_cells, n_dims))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    radius = rng.uniform(hole**n_dims, 1.0, size=(n_cells, 1)) ** (1.0 / n_dims)
    return direction * radius


def lattice(n_rows, n_columns):
    steps = np.meshgrid(np.arange(n_rows), np.arange(n_columns), indexing="ij")
    return np.stack(steps, axis=-1).reshape(-1, 2).astype(float)


@pytest.mark.parametrize(("n_dims", "volume"), [(2, np.pi), (3, 4 / 3 * np.pi)])
def test_fills_the_tissue_and_little_more(n_dims, volume):
    places = disc(n_dims=n_dims)
    grid = grid_inside(places, 0.1)
    assert volume < len(grid) * 0.1**n_dims < 1.12**n_dims * volume
    assert np.linalg.norm(grid, axis=1).max() < 1.25
    from_cells = np.linalg.norm(places[:300, None] - grid[None], axis=-1).min(axis=1)
    assert np.quantile(from_cells, 0.99) < 0.5 * 0.1 * np.sqrt(n_dims) + 1e-9


def test_a_hole_stays_empty():
    places = disc(n_cells=3000, hole=0.5)
    radius = np.linalg.norm(grid_inside(places, 0.05), axis=1)
    assert 0.35 < radius.min() < 0.5
    assert ((radius > 0.6) & (radius < 0.9)).any()


@pytest.mark.parametrize("n_dims", [2, 3])
def test_neighbors_are_one_spacing_apart_along_the_axes(n_dims):
    grid = grid_inside(disc(n_dims=n_dims), 0.17)
    steps = (grid - grid[0]) / 0.17
    np.testing.assert_allclose(steps, np.round(steps), atol=1e-9)
    assert len(np.unique(np.round(steps), axis=0)) == len(grid)
    for axis in range(n_dims):
        assert set(np.diff(np.unique(np.round(steps[:, axis])))) == {1.0}


def test_a_lattice_of_cells_is_its_own_grid():
    places = lattice(11, 7)
    np.testing.assert_allclose(grid_inside(places, 1.0), places)
    np.testing.assert_allclose(grid_inside(0.1 * places, 0.1), 0.1 * places, atol=1e-12)


@pytest.mark.parametrize("places", [disc(500), lattice(11, 21) / 10.0])
def test_translation_unit_and_order_carry_over(places):
    expected = grid_inside(places, 0.1)
    shuffled = np.random.default_rng(1).permutation(places)
    np.testing.assert_allclose(grid_inside(shuffled, 0.1), expected)
    moved = grid_inside(3.0 * places + [1000.0, -70.0], 0.3)
    np.testing.assert_allclose((moved - [1000.0, -70.0]) / 3.0, expected, atol=1e-9)


def test_a_quarter_turn_carries_over():
    places = disc(500)
    turned = grid_inside(places @ np.array([[0.0, 1.0], [-1.0, 0.0]]), 0.1)
    back = turned @ np.array([[0.0, -1.0], [1.0, 0.0]])
    expected = grid_inside(places, 0.1)
    assert {tuple(p) for p in np.round(back, 9) + 0.0} == {
        tuple(p) for p in np.round(expected, 9) + 0.0
    }


def test_cells_of_the_same_place_count_as_one():
    places = lattice(8, 8)
    crowded = np.repeat(places, 6, axis=0)
    np.testing.assert_array_equal(grid_inside(crowded, 0.5), grid_inside(places, 0.5))


def test_has_an_outline():
    rng = np.random.default_rng(0)
    assert has_outline(rng.normal(size=(20, 2)))
    assert not has_outline(rng.normal(size=(19, 2)))
    assert has_outline(1e6 + rng.normal(size=(20, 3)))
    assert not has_outline(np.zeros((30, 2)))
    assert not has_outline(np.ones((50, 2)))
    assert not has_outline(np.empty((0, 2)))
    assert not has_outline(np.outer(rng.normal(size=30), [0.6, 0.8]) + 1e6)
    assert not has_outline(rng.normal(size=(30, 2)) @ rng.normal(size=(2, 3)))


@pytest.mark.parametrize(
    "places",
    [
        np.empty((0, 2)),
        np.random.default_rng(0).normal(size=(19, 2)),
        np.outer(np.arange(30.0), [0.6, 0.8]) + 1e6,
    ],
)
def test_cells_without_an_outline_are_refused(places):
    with pytest.raises(
        ValueError, match=f"the section's cells are at {len(places)} different places"
    ):
        grid_inside(places, 1.0)


@pytest.mark.parametrize("spacing", [0.0, -1.0, float("nan"), float("inf"), True, "5", [1.0]])
def test_spacing_that_is_no_positive_number_is_refused(spacing):
    with pytest.raises(ValueError, match=r"spacing is .*: give a positive number"):
        grid_inside(disc(), spacing)


@pytest.mark.parametrize("spacing", [1e-6, 5e-324])
@pytest.mark.parametrize("stretch", [[1.0, 1.0], [1.0, 1e-3]])
def test_spacing_that_cannot_be_used_is_refused_with_one_that_can(spacing, stretch):
    places = disc() * stretch
    with pytest.raises(ValueError, match="give a distance of at least") as refused:
        grid_inside(places, spacing)
    least = float(str(refused.value).split("at least ")[1].split(",")[0])
    assert 1_000 < len(grid_inside(places, least)) <= 100_000


def test_a_flat_slab_is_offered_a_spacing_that_can_be_used():
    places = disc(n_dims=3) * [1000.0, 1000.0, 10.0]
    with pytest.raises(ValueError, match="give a distance of at least") as refused:
        grid_inside(places, 1.0)
    least = float(str(refused.value).split("at least ")[1].split(",")[0])
    assert len(grid_inside(places, least)) <= 100_000


def test_a_grid_without_positions_inside_is_refused():
    with pytest.raises(ValueError, match="none of the grid's positions is inside it"):
        grid_inside(disc(hole=0.8), 5.0)
