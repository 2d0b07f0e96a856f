import numpy as np
import pytest
from matplotlib.colors import to_rgba

from dpvae.pl.position_colors import (
    BOTTOM_LEFT,
    BOTTOM_RIGHT,
    TOP_LEFT,
    TOP_RIGHT,
    position_colors,
)

SQUARE = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
# Deuteranopia and protanopia on linear sRGB (Machado et al. 2009, severity 1).
DEFICIENCIES = {
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
}


def test_corners_have_their_colors():
    expected = [to_rgba(c) for c in (TOP_LEFT, TOP_RIGHT, BOTTOM_LEFT, BOTTOM_RIGHT)]
    np.testing.assert_allclose(position_colors(SQUARE), expected, atol=1e-4)


def test_equal_places_have_equal_colors_and_others_do_not():
    places = np.random.default_rng(0).uniform(size=(50, 2))
    colors = position_colors(np.vstack([places, places]))
    np.testing.assert_array_equal(colors[:50], colors[50:])
    assert len(np.unique(colors.round(6), axis=0)) == 50


def test_colors_do_not_depend_on_unit_or_origin():
    places = np.random.default_rng(0).uniform(size=(50, 2))
    np.testing.assert_allclose(
        position_colors(places), position_colors(300 * places + 9e4), atol=1e-6
    )


def test_near_places_have_near_colors():
    grid = np.stack(np.meshgrid(*[np.linspace(0, 1, 51)] * 2), axis=-1).reshape(-1, 2)
    colors = position_colors(grid).reshape(51, 51, 4)
    assert np.abs(np.diff(colors, axis=0)).max() < 0.06
    assert np.abs(np.diff(colors, axis=1)).max() < 0.06
    assert colors.min() >= 0
    assert colors.max() <= 1


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
def test_far_places_stay_apart_in_color_blindness(deficiency: str):
    grid = np.stack(np.meshgrid(*[np.linspace(0, 1, 5)] * 2), axis=-1).reshape(-1, 2)
    linear = position_colors(grid)[:, :3] ** 2.2
    seen = np.clip(linear @ np.array(DEFICIENCIES[deficiency]).T, 0, 1) ** (1 / 2.2)
    difference = np.linalg.norm(seen[:, None] - seen, axis=2)
    distance = np.linalg.norm(grid[:, None] - grid, axis=2)
    assert difference[distance >= 0.5].min() > 0.1


def test_unknown_places_are_transparent():
    colors = position_colors(np.vstack([SQUARE, [[np.nan, np.nan]]]))
    np.testing.assert_array_equal(colors[:, 3], [1, 1, 1, 1, 0])


def test_tissue_on_a_line_has_colors():
    assert np.isfinite(position_colors(SQUARE[:2])).all()
