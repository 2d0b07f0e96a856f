import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.path import Path

from dpvae.pl.region_outline import draw_outline


def outline_of(positions, is_inside):
    ax = plt.figure().subplots()
    (path,) = draw_outline(ax, positions, positions[:, :2], is_inside).get_paths()
    return [Path(loop) for loop in path.to_polygons(closed_only=False)]


def n_around(loops, points):
    """How many loops run around each point."""
    return np.sum([loop.contains_points(points) for loop in loops], axis=0)


def lattice(n_each):
    return np.stack(np.meshgrid(np.arange(n_each), np.arange(n_each)), -1).reshape(-1, 2) * 1.0


@pytest.mark.parametrize("jitter", [0.0, 0.3])
@pytest.mark.parametrize("scale", [1e-3, 1e5])
def test_the_line_parts_positions_inside_from_those_outside(jitter, scale):
    positions = lattice(20)
    positions += np.random.default_rng(0).uniform(-jitter, jitter, positions.shape)
    distance = np.linalg.norm(positions - [8.0, 9.0], axis=1)
    is_inside = ((distance > 2.5) & (distance < 5)) | (positions.min(axis=1) > 16)
    loops = outline_of(scale * positions, is_inside)
    assert len(loops) == 3
    np.testing.assert_array_equal(n_around(loops, scale * positions) % 2 == 1, is_inside)
    for loop in loops:
        np.testing.assert_allclose(loop.vertices[0], loop.vertices[-1])


def test_on_a_lattice_the_line_runs_half_way():
    positions = lattice(9)
    is_inside = (np.abs(positions - 4) <= 1).all(axis=1)
    (loop,) = outline_of(positions, is_inside)
    np.testing.assert_allclose(loop.vertices.min(axis=0), 2.5, atol=0.02)
    np.testing.assert_allclose(loop.vertices.max(axis=0), 5.5, atol=0.02)


def test_all_positions_have_the_outline_of_the_tissue():
    (loop,) = outline_of(lattice(9), np.ones(81, dtype=bool))
    assert n_around([loop], lattice(9)).all()
    assert not n_around([loop], np.array([[-1.5, 4.0], [4.0, 9.5]])).any()


def test_in_space_nothing_covers_the_shadow():
    positions = np.random.default_rng(0).uniform(size=(3000, 3)) * [4.0, 4.0, 1.0]
    is_inside = (np.linalg.norm(positions[:, :2] - 2, axis=1) < 1) & (positions[:, 2] > 0.5)
    loops = outline_of(positions, is_inside)
    around = n_around(loops, positions[:, :2]) % 2 == 1
    assert around[is_inside].all()
    assert not around[np.linalg.norm(positions[:, :2] - 2, axis=1) > 1.3].any()
