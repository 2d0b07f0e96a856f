from math import pi, sqrt

import numpy as np
import pytest

from dpvae.geometry.surfaces.cosines import N_COSINES, Cosines

CORNERS = {2: [[0.0, 0.0], [10.0, 6.0]], 3: [[0.0, 0.0, 0.0], [10.0, 6.0, 8.0]]}


def matern(one, other, length):
    """Matérn 3/2 kernel (Rasmussen and Williams, equation 4.17)."""
    distance = np.linalg.norm(one[:, None] - other[None], axis=-1)
    scaled = sqrt(3.0) * distance / length
    return (1.0 + scaled) * np.exp(-scaled)


def kernel(cosines, one, other, length):
    return (cosines.at(one) * cosines.variances(length)) @ cosines.at(other).T


@pytest.mark.parametrize(("n_dims", "n_cosines"), [(2, 3_000), (3, 15_000)])
@pytest.mark.parametrize("length", [0.1, 0.12])
def test_many_cosines_make_a_matern_kernel_far_from_the_edges(n_dims, n_cosines, length):
    corners = np.array(CORNERS[n_dims])
    cosines = Cosines.around(corners, n_cosines)
    rng = np.random.default_rng(0)
    inner = corners.mean(axis=0) + rng.uniform(-1.0, 1.0, size=(25, n_dims))
    expected = matern(inner, inner, 10.0 * length)
    assert expected.min() < 0.5
    np.testing.assert_allclose(kernel(cosines, inner, inner, length), expected, atol=0.02)


def test_more_cosines_are_nearer_to_the_kernel():
    corners = np.array(CORNERS[2])
    inner = corners.mean(axis=0) + np.random.default_rng(0).uniform(-1.0, 1.0, size=(25, 2))
    expected = matern(inner, inner, 0.8)
    errors = [
        np.abs(kernel(Cosines.around(corners, n), inner, inner, 0.08) - expected).max()
        for n in (100, 1_000, 10_000)
    ]
    assert errors[0] > 10 * errors[1] > 100 * errors[2]


@pytest.mark.parametrize("n_dims", [2, 3])
def test_cosines_are_orthonormal_over_the_box(n_dims):
    corners = np.array(CORNERS[n_dims])
    cosines = Cosines.around(corners, 30)
    sides = np.ptp(corners, axis=0) + 2.0  # a tenth of the width of 10, on both sides
    middles = [side * (np.arange(40) + 0.5) / 40 for side in sides]
    places = cosines.origin + np.stack(np.meshgrid(*middles), axis=-1).reshape(-1, n_dims)
    values = cosines.at(places)
    gram = values.T @ values * np.prod(sides / 40)
    np.testing.assert_allclose(gram, np.eye(30), atol=1e-9)


def test_box_is_a_tenth_of_the_width_wider_on_all_sides():
    cosines = Cosines.around(np.array([[3.0, -1.0], [13.0, 1.0], [5.0, 0.0]]))
    np.testing.assert_allclose(cosines.origin, [2.0, -2.0])
    assert cosines.width == 10.0
    slowest = cosines.frequencies[cosines.frequencies[:, 1] == 0, 0]
    np.testing.assert_allclose(slowest[1], pi / 12.0)


@pytest.mark.parametrize(
    "corners", [*CORNERS.values(), [[0, 0], [1, 0]], [[0, 0, 0], [1, 0, 0]], [[0, 0], [1, 1]]]
)
@pytest.mark.parametrize("n_cosines", [1, 7, N_COSINES, 2000])
def test_cosines_are_those_of_the_lowest_frequencies(corners, n_cosines):
    corners = np.array(corners, dtype=float)
    n_dims = corners.shape[1]
    found = Cosines.around(corners, n_cosines).frequencies
    sides = np.ptp(corners, axis=0) + 0.2 * np.ptp(corners, axis=0).max()
    axes = [pi * np.arange({2: 200, 3: 60}[n_dims]) / side for side in sides]
    square = np.sort(sum(np.meshgrid(*[axis**2 for axis in axes])), axis=None)
    assert len(found) == n_cosines == len(np.unique(found, axis=0))
    np.testing.assert_allclose((found**2).sum(axis=1), square[:n_cosines], atol=1e-9)


@pytest.mark.parametrize("n_dims", [2, 3])
def test_translation_and_scale_of_the_places_carry_over(n_dims):
    places = np.random.default_rng(1).uniform(size=(50, n_dims)) * [10.0, 6.0, 8.0][:n_dims]
    expected = Cosines.around(places)
    moved = 1000.0 + 7.0 * places
    found = Cosines.around(moved)
    np.testing.assert_allclose(
        kernel(found, moved, moved, 0.2), kernel(expected, places, places, 0.2), atol=1e-9
    )


def test_single_places_and_lines_have_a_box():
    for places in (np.zeros((3, 2)), np.ones((1, 3)), np.c_[np.arange(5.0), np.zeros(5)]):
        cosines = Cosines.around(places, 20)
        assert np.isfinite(cosines.at(places)).all()
        assert (cosines.variances(0.1) > 0).all()


def test_no_places_have_no_values():
    assert Cosines.around(np.eye(2), 9).at(np.empty((0, 2))).shape == (0, 9)
