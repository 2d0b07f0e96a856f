import numpy as np
import pytest
from scipy.spatial import cKDTree

from dpvae.datasets.outline import Outline, draw_outline
from dpvae.datasets.positions import cell_positions, uniform_points


def outline_of(n_dims: int) -> Outline:
    axes = np.eye(n_dims)
    return draw_outline(axes[1], axes[0], np.random.default_rng(0))


def spacing(points: np.ndarray) -> np.ndarray:
    return cKDTree(points).query(points, k=2)[0][:, 1]


@pytest.mark.parametrize("n_dims", [2, 3])
def test_uniform_points_fill_the_outline_and_nothing_else(n_dims: int):
    outline = outline_of(n_dims)
    points = uniform_points(outline, 3000, np.random.default_rng(0))
    radius = np.linalg.norm(outline.body_coordinates(points), axis=1)
    assert points.shape == (3000, n_dims)
    assert radius.max() <= 1
    # The radius of a uniform point of the ball, to the power of the dimension, is uniform.
    np.testing.assert_allclose(
        np.quantile(radius**n_dims, [0.25, 0.5, 0.75]), [0.25, 0.5, 0.75], atol=0.03
    )


@pytest.mark.parametrize("n_dims", [2, 3])
def test_cells_are_evenly_spaced_but_not_on_a_lattice(n_dims: int):
    outline = outline_of(n_dims)
    cells = spacing(cell_positions(outline, 1000, np.random.default_rng(0)))
    random = spacing(uniform_points(outline, 1000, np.random.default_rng(1)))
    assert cells.std() / cells.mean() < 0.5 * random.std() / random.mean()
    assert cells.std() / cells.mean() > 0.05
    assert cells.min() > 0


def test_order_of_cells_tells_nothing_of_their_place():
    cells = cell_positions(outline_of(2), 1000, np.random.default_rng(0))
    correlation = np.corrcoef(np.arange(1000), cells.T)[0, 1:]
    assert np.abs(correlation).max() < 0.12
