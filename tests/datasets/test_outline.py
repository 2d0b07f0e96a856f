import numpy as np
import pytest

from dpvae.datasets.outline import Outline, draw_outline


def directions(n_dims: int, n: int = 500) -> np.ndarray:
    points = np.random.default_rng(0).normal(size=(n, n_dims))
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def test_without_bumps_it_is_the_ellipsoid():
    outline = Outline(np.array([3.0, 2.0]), np.zeros((0, 2)), np.zeros(0), np.zeros(0))
    u = directions(2)
    boundary = u * outline.radius(u)[:, None]
    np.testing.assert_allclose((boundary[:, 0] / 3) ** 2 + (boundary[:, 1] / 2) ** 2, 1)


def test_lobe_reaches_out_and_dent_in():
    along = np.array([[1.0, 0.0], [0.0, 1.0]])
    outline = Outline(np.ones(2), along, np.array([0.5, -0.5]), np.array([50.0, 50.0]))
    np.testing.assert_allclose(outline.radius(along), [1.5, 0.5])


@pytest.mark.parametrize("n_dims", [2, 3])
def test_boundary_is_the_unit_sphere_of_the_body(n_dims: int):
    axes = np.eye(n_dims)
    outline = draw_outline(axes[1], axes[0], np.random.default_rng(0))
    u = directions(n_dims)
    body = outline.body_coordinates(u * outline.radius(u)[:, None])
    np.testing.assert_allclose(body, u)


def test_center_has_finite_body_coordinates():
    outline = draw_outline(np.array([0.0, 1.0]), np.array([1.0, 0.0]), np.random.default_rng(0))
    np.testing.assert_array_equal(outline.body_coordinates(np.zeros((1, 2))), [[0, 0]])


def test_another_section_is_similar_but_not_the_same():
    rng = np.random.default_rng(0)
    outline = draw_outline(np.array([0.0, 1.0]), np.array([1.0, 0.0]), rng)
    u = directions(2)
    ratio = outline.another_section(rng).radius(u) / outline.radius(u)
    assert ratio.std() > 0.01
    assert np.all(np.abs(ratio - 1) < 0.3)


@pytest.mark.parametrize("seed", range(20))
def test_every_drawn_outline_is_a_body(seed: int):
    rng = np.random.default_rng(seed)
    outline = draw_outline(np.array([0.0, 1.0]), np.array([1.0, 0.0]), rng).another_section(rng)
    assert outline.radius(directions(2)).min() > 0.25
