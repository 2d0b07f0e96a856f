"""A map: cells of a tissue, drawn where they lie."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import PathCollection
from numpy.typing import NDArray

from dpvae.geometry import known_rows
from dpvae.pl.cell_colors import UNKNOWN
from dpvae.pl.panels import color_bar, marker_area, panels
from dpvae.pl.view import View, view_of

TOP_OF_SCALE = 0.98


@dataclass(frozen=True, eq=False)
class MapPanel:
    """Axes with a view of the places of cells.

    Attributes
    ----------
    ax
        The axes.
    view
        The plane that is drawn.
    places
        Coordinates, shape ``(n_cells, n_dims)``; rows of NaN are not drawn.
    """

    ax: Axes
    view: View
    places: NDArray[np.float64]

    @cached_property
    def points(self) -> NDArray[np.float64]:
        """Places in the plane, shape ``(n_cells, 2)``."""
        return self.view.project(self.places)

    def cells(
        self,
        colors: NDArray[np.float64] | None = None,
        *,
        shown: NDArray[np.bool_] | None = None,
        size: float = 1.0,
        **look: Any,
    ) -> PathCollection:
        """Draw cells as dots, near ones over far ones.

        Parameters
        ----------
        colors
            Values, shape ``(n_cells,)``, or colours, shape ``(n_cells, 4)``. By default light grey.
        shown
            Mask of the cells to draw. By default all.
        size
            Area of a dot, as a share of the usual one.
        **look
            Arguments of :meth:`matplotlib.axes.Axes.scatter`, such as the colour map.
        """
        order = self.view.back_to_front(self.places)
        area = size * marker_area(self.ax, len(order))
        if shown is not None:
            order = order[shown[order]]
        look |= {"color": UNKNOWN} if colors is None else {"c": colors[order]}
        across, along = self.points[order].T
        return self.ax.scatter(across, along, s=area, linewidths=0, rasterized=True, **look)

    def reach_out(self, points: NDArray[np.float64]) -> None:
        """Widen the axes to points of the plane, shape ``(n, 2)``."""
        self.ax.update_datalim(points)
        self.ax.autoscale_view()

    def explain(
        self,
        drawn: ScalarMappable,
        label: str,
        unit: str | None,
        *,
        extend: Literal["min", "max"] = "max",
    ) -> None:
        """Draw the colour bar of what was drawn, and label the axes."""
        color_bar(self.ax, drawn, label, extend=extend)
        self.view.dress(self.ax, unit)


def map_panel(
    places: NDArray[np.float64], ax: Axes | None, *, view: View | None = None
) -> MapPanel:
    """Make a map of places, on given axes or in a new figure of the tissue's shape.

    Parameters
    ----------
    places
        Coordinates, shape ``(n_cells, n_dims)``.
    ax
        Axes to draw on.
    view
        The plane. By default from :func:`dpvae.pl.view.view_of`.
    """
    seen = view_of(places) if view is None else view
    points = seen.project(places[known_rows(places)])
    width, height = np.ptp(points, axis=0)
    axes: Axes = panels(1, ax, height_to_width=height / width if width > 0 else 1)[0]
    return MapPanel(axes, seen, places)
