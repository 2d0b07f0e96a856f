from pathlib import Path

import matplotlib.pyplot as plt
import pytest

from dpvae.pl.panels import color_bar, marker_area, panels, save_figure


@pytest.fixture(scope="module")
def _left_open() -> None:
    """Make a figure before the fixtures of a test, as an example of the documentation does."""
    plt.figure()


@pytest.mark.usefixtures("_left_open")
def test_figures_of_other_tests_are_closed():
    assert plt.get_fignums() == []


def test_axes_are_made_where_none_are_given():
    axes = panels(3, None, height_to_width=1)
    assert axes.shape == (3,)
    assert plt.get_fignums() == [axes[0].figure.number]


def test_rows_are_filled_one_after_the_other():
    axes = panels(5, None, height_to_width=1, per_row=3)
    spans = [ax.get_subplotspec() for ax in axes]
    assert [(span.rowspan.start, span.colspan.start) for span in spans] == [
        (0, 0), (0, 1), (0, 2), (1, 0), (1, 1),
    ]  # fmt: skip
    assert axes[0].figure.axes == list(axes)


def test_given_axes_are_used():
    figure, axes = plt.subplots(2, 2)
    assert list(panels(4, axes, height_to_width=1)) == list(axes.flat)
    assert list(panels(1, axes[0, 0], height_to_width=1)) == [axes[0, 0]]
    assert plt.get_fignums() == [figure.number]


def test_wrong_number_of_axes():
    _, axes = plt.subplots(1, 3)
    with pytest.raises(ValueError, match="ax holds 3 axes, but 2 are drawn"):
        panels(2, axes, height_to_width=1)


def test_markers_of_more_cells_are_smaller():
    ax = plt.figure().subplots()
    assert marker_area(ax, 100) > marker_area(ax, 10_000) > marker_area(ax, 100_000) > 0


@pytest.mark.parametrize("ending", ["png", "pdf"])
def test_figure_is_saved_also_from_a_subfigure(tmp_path: Path, ending: str):
    ax = plt.figure().subfigures(1, 2)[0].subplots()
    save_figure(ax, tmp_path / f"plot.{ending}")
    save_figure(ax, None)
    assert [path.name for path in tmp_path.iterdir()] == [f"plot.{ending}"]


def test_one_bar_stands_next_to_all_axes_without_a_frame():
    figure, axes = plt.subplots(1, 2)
    drawn = axes[0].scatter([0, 1], [0, 1], c=[0.0, 5.0])
    color_bar(list(axes), drawn, "value", extend="max")
    bar = figure.axes[2]
    assert bar.get_ylabel() == "value"
    assert bar.get_ylim() == (0, 5)
    assert not bar.spines["outline"].get_visible()
