"""Panels: the axes of a plot, given or made, and the file it is saved in."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.layout_engine import ConstrainedLayoutEngine
from numpy.typing import NDArray

PANEL_WIDTH, MOST_WIDTH = 3.6, 7.6
LABELS = (0.0, 0.6)
RESOLUTION = 300


def panels(
    n_panels: int,
    ax: Axes | Sequence[Axes] | NDArray[Any] | None,
    *,
    height_to_width: float,
    per_row: int | None = None,
    labels: tuple[float, float] = LABELS,
) -> NDArray[Any]:
    """Axes of panels side by side, shape ``(n_panels,)``: as given, or of a new figure.

    A new figure has ``per_row`` panels in a row, by default all. ``labels`` are the inches
    that ticks, labels and titles take of each panel's width and add to its height.

    Raises
    ------
    ValueError
        If axes are given, but not as many as there are panels.
    """
    if ax is None:
        import matplotlib.pyplot as plt

        n_columns = min(n_panels, per_row or n_panels)
        width = min(PANEL_WIDTH, MOST_WIDTH / n_columns)  # of a page, or type would be too small
        height = (width - labels[0]) * float(np.clip(height_to_width, 0.4, 2)) + labels[1]
        n_rows = -(-n_panels // n_columns)
        _, axes = plt.subplots(
            n_rows,
            n_columns,
            figsize=(width * n_columns + 0.8, n_rows * height),
            layout=ConstrainedLayoutEngine(compress=True, wspace=0.06),
            squeeze=False,
        )
        for unused in np.ravel(axes)[n_panels:]:
            unused.remove()
        return np.ravel(axes)[:n_panels]
    given = np.ravel(np.asarray(ax, dtype=object))
    if len(given) != n_panels:
        message = f"ax holds {len(given)} axes, but {n_panels} are drawn; give {n_panels} or none."
        raise ValueError(message)
    return given


def marker_area(ax: Axes, n_cells: int) -> float:
    """Area of a cell's marker in square points, so that cells fill the tissue and stay apart."""
    box = ax.get_window_extent().transformed(ax.figure.dpi_scale_trans.inverted())
    return float(np.clip(0.45 * box.width * box.height * 72**2 / n_cells, 0.5, 30))


def color_bar(
    axes: Axes | list[Axes],
    drawn: ScalarMappable,
    label: str,
    *,
    extend: Literal["neither", "min", "max"] = "neither",
) -> None:
    """Draw the scale of colours next to axes."""
    last = axes if isinstance(axes, Axes) else axes[-1]
    bar = last.figure.colorbar(drawn, ax=axes, label=label, extend=extend, shrink=0.8)
    bar.outline.set_visible(False)


def save_figure(ax: Axes, save: str | Path | None) -> None:
    """Save the figure of the axes if a path is given; its ending is the format."""
    if save is not None:
        root: Any = ax.figure.figure
        root.savefig(save, dpi=RESOLUTION, bbox_inches="tight")
