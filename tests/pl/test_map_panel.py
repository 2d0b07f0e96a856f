import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgba

from dpvae.pl.cell_colors import UNKNOWN
from dpvae.pl.map_panel import map_panel
from dpvae.pl.view import View

PLACES = np.random.default_rng(0).uniform(size=(50, 3)) * [4.0, 2.0, 1.0]


@pytest.mark.slow
def test_the_figure_has_the_shape_of_the_tissue():
    wide = map_panel(PLACES[:, :2], None).ax.figure.get_size_inches()
    high = map_panel(PLACES[:, 1::-1], None).ax.figure.get_size_inches()
    assert high[1] > wide[1]
    assert map_panel(np.zeros((3, 2)), None).ax.figure.get_size_inches()[1] > wide[1]


def test_given_axes_are_drawn_on():
    ax = plt.figure().subplots()
    assert map_panel(PLACES, ax).ax is ax


def test_near_cells_are_drawn_last_with_their_own_values():
    panel = map_panel(PLACES, None)
    dots = panel.cells(np.arange(50.0), cmap="viridis")
    height = PLACES @ panel.view.directions[:, 2]
    order = np.argsort(height)
    np.testing.assert_allclose(dots.get_array(), order)
    np.testing.assert_allclose(dots.get_offsets(), panel.points[order])


def test_only_shown_and_known_cells_are_drawn():
    places = PLACES[:, :2].copy()
    places[:5] = np.nan
    panel = map_panel(places, None)
    shown = np.arange(50) % 2 == 0
    gray = panel.cells(shown=shown)
    np.testing.assert_array_equal(gray.get_offsets(), places[shown][3:])
    np.testing.assert_allclose(gray.get_facecolors()[0], UNKNOWN)


def test_colors_are_those_of_the_cells():
    colors = np.tile(to_rgba("red"), (50, 1))
    colors[7] = to_rgba("blue")
    drawn = map_panel(PLACES[:, :2], None).cells(colors)
    np.testing.assert_array_equal(drawn.get_facecolors(), colors)


def test_size_is_a_share_of_the_area_and_does_not_depend_on_who_is_shown():
    panel = map_panel(PLACES[:, :2], None)
    (whole,), (half,) = panel.cells().get_sizes(), panel.cells(size=0.5).get_sizes()
    assert half == pytest.approx(whole / 2)
    few = panel.cells(shown=np.arange(50) < 3)
    assert few.get_sizes()[0] == pytest.approx(whole)


def test_axes_reach_out_to_points():
    panel = map_panel(PLACES[:, :2], None)
    panel.cells()
    panel.reach_out(np.array([[100.0, -50.0]]))
    assert panel.ax.get_xlim()[1] >= 100
    assert min(panel.ax.get_ylim()) <= -50


def test_a_view_can_be_given():
    upwards = View(np.zeros(3), np.eye(3)[:, [0, 2, 1]])
    panel = map_panel(PLACES, None, view=upwards)
    np.testing.assert_array_equal(panel.points, PLACES[:, [0, 2]])


def test_bar_and_axes_are_labeled():
    panel = map_panel(PLACES[:, :2], None)
    panel.explain(panel.cells(np.arange(50.0)), "error (mm)", "mm", extend="min")
    bar = panel.ax.figure.axes[1]
    assert bar.get_ylabel() == "error (mm)"
    assert panel.ax.get_xlabel() == "x (mm)"
