import numpy as np
import pytest

from dpvae.model.atlas.place_spread import relative_spread


@pytest.fixture
def reference():
    """Two columns that are not correlated."""
    return np.linalg.qr(standardized(np.random.default_rng(0).normal(size=(500, 2))))[0] * [3, 1]


def standardized(places):
    return places - places.mean(axis=0)


def turned(places, angle=0.6):
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return 7.0 * places @ turn + [100.0, -50.0]


def test_squeezed_places_have_the_factors_as_ratios(reference):
    np.testing.assert_allclose(relative_spread(reference * [0.2, 0.9], reference), [0.2, 0.9])
    np.testing.assert_allclose(relative_spread(reference, reference), [1.0, 1.0])


def test_frame_and_unit_do_not_matter(reference):
    placed = reference[:40] * [0.3, 0.7] + [1.0, 0.0]
    np.testing.assert_allclose(
        relative_spread(turned(placed), turned(reference)), relative_spread(placed, reference)
    )


def test_one_cell_has_no_spread_and_a_line_one_direction(reference):
    np.testing.assert_array_equal(relative_spread(reference[:1], reference), [0, 0])
    flat = reference * [1, 0]
    np.testing.assert_allclose(relative_spread(reference * [0.5, 1], flat), [0.5])


def test_three_dimensions():
    cells = np.linalg.qr(standardized(np.random.default_rng(0).normal(size=(300, 3))))[0]
    np.testing.assert_allclose(relative_spread(cells * [1, 0, 0.5], cells), [0, 0.5, 1], atol=1e-7)
