"""Where cells could be, drawn over the tissue."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.lines import Line2D
from matplotlib.transforms import Bbox
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix

from dpvae.geometry import Posterior, check_coordinate_rows, known_rows
from dpvae.pl.cell_colors import OKABE_ITO
from dpvae.pl.panels import color_bar, marker_area, panels, save_figure
from dpvae.pl.region_outline import draw_outline
from dpvae.pl.view import view_of
from dpvae.tl.posterior_of_cells import check_is_posterior

N_PANELS = 4
MOST_PANELS = 12
LEAST_SHARE = 0.1
MARKS_PER_LINE = 6
APART = 0.03  # of the tissue: marks that are nearer cover each other
PEAKS = ("largest peak", "second peak")
DOT_SIZE = 1.2
MARGIN = 0.04
LABELS = (0.9, 1.3)  # inches; two lines above, ticks and a label below, a share of the legend
COLORS = LinearSegmentedColormap.from_list(
    "probability", ["0.87", "#9ecae1", "#4292c6", "#08519c", "#08306b"]
)
LEVELS: dict[float, Any] = {0.5: "solid", 0.9: (0, (3, 1.5))}
MARKS: dict[str, dict[str, Any]] = {
    "mean": {"marker": "o", "color": "white", "markersize": 5},
    "largest peak": {"marker": "^", "color": OKABE_ITO[3], "markersize": 6},
    "second peak": {"marker": "v", "color": OKABE_ITO[3], "markersize": 6},
    "most probable": {"marker": "D", "color": OKABE_ITO[3], "markersize": 4.5},
    "true": {"marker": "X", "color": OKABE_ITO[5], "markersize": 6.5},
}
EDGE: dict[str, Any] = {"linestyle": "", "markeredgecolor": "black", "markeredgewidth": 0.7}
OUTLINE: dict[str, Any] = {"colors": "black", "linewidths": 0.9}


def posterior(
    found: Posterior,
    cells: ArrayLike | None = None,
    *,
    true: ArrayLike | None = None,
    names: Sequence[str] | None = None,
    unit: str | None = None,
    ax: Axes | Sequence[Axes] | NDArray[Any] | None = None,
    save: str | Path | None = None,
) -> NDArray[Any]:
    """Draw how probable every position of the tissue is for some cells, a panel for each.

    The darkest position is the most probable; positions that are hardly possible are grey like the
    tissue. Lines go around the smallest regions that hold 50 % and 90 % of the probability, and the
    title says how much of the tissue the larger takes. In three dimensions one looks along the
    shortest principal axis of the tissue, more probable positions cover others, and lines go around
    the shadow of the regions.

    Marks are

    - *mean*: ``found.mean()``;
    - *largest peak* and *second peak*: ``found.modes(2)``, the peaks with the most probability
      around them; the second if it has a tenth of all;
    - *most probable*: ``found.mode()``, the darkest position, if it is another peak: high, with
      less around it;
    - *true*: the true place.

    Parameters
    ----------
    found
        What ``model.predict_posterior(query)`` gave.
    cells
        Row numbers of the cells to draw, 12 at most, or one number. Or a boolean mask, shape
        ``(n_cells,)``: one panel with the mean of the probabilities of all its cells, without
        marks of the mean and the peaks. By default four cells, from sure to unsure ones.
    true
        True places of all cells of ``found``, shape ``(n_cells, 2)`` or ``(n_cells, 3)``; cells
        with NaN have no mark. By default none are drawn.
    names
        Names of all cells of ``found``, for the titles, such as ``query.obs_names``. By default
        row numbers.
    unit
        Unit of the coordinates for the labels, such as ``"µm"``. By default none.
    ax, save
        Axes to draw on, as many as there are cells, by default in a new figure; and a path to save
        the figure at.

    Returns
    -------
    The axes, shape ``(n_panels,)``.

    Raises
    ------
    TypeError
        If ``found`` is no posterior.
    ValueError
        If there are no such cells or too many, or the true places or names are not one for each
        cell, or ``ax`` is not as many axes as are drawn.

    See Also
    --------
    dpvae.tl.mapping : with how to draw a cell over the image of the section.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.sparse import csr_matrix
    >>> from dpvae import datasets, geometry, pl
    >>> places = datasets.simulated_tissue(200, 20).obsm["spatial"]
    >>> distance = np.linalg.norm(places[:3, None] - places, axis=2)
    >>> values = np.exp(-((distance / 300.0) ** 2))
    >>> values /= values.sum(axis=1, keepdims=True)
    >>> found = geometry.Posterior(places, csr_matrix(values), np.arange(200), np.ones(3))
    >>> axes = pl.posterior(found, [0, 2], true=places[:3], unit="µm")
    >>> [ax.get_title().splitlines()[0] for ax in axes]
    ['cell 0', 'cell 2']
    """
    check_is_posterior(found, name="query")
    chosen = _chosen(found, cells)
    is_group = chosen.dtype == bool
    groups = [np.flatnonzero(chosen)] if is_group else list(chosen[:, None])
    titles = [f"mean of {len(groups[0])} cells"] if is_group else _titles(found, chosen, names)
    places = None if true is None else _one_for_each(found, true)
    view = view_of(found.positions)
    points = view.project(found.positions)
    width, height = np.ptp(points, axis=0)
    ratio = float(height / width) if width > 0 else 1.0
    is_small = ax is None and len(groups) > N_PANELS
    axes = panels(
        len(groups), ax, height_to_width=ratio, per_row=3 if is_small else 2, labels=LABELS
    )
    title_size, n_ticks = ("medium", 3) if is_small else ("large", 5)
    used: set[str] = set()
    for panel, rows, title in zip(axes, groups, titles, strict=True):
        part = found.of(rows)
        merged = _mean_of(part)
        _draw_probability(panel, merged, points)
        marks = {} if is_group else _likely_places(part)
        if places is not None:
            marks["true"] = places[rows]
        for name, marked in marks.items():
            used |= _draw_marks(panel, view.project(marked), name, size=0.4 if is_group else 1.0)
        share = 100 * float(merged.region_size(0.9)[0])
        panel.set_title(f"{title}\n90 % in {share:.2g} % of the tissue", fontsize=title_size)
    box = Bbox.union([panel.dataLim for panel in axes])
    (left, bottom), (right, top) = box.expanded(1 + MARGIN, 1 + MARGIN).get_points()
    for panel in axes:
        panel.set(xlim=(left, right), ylim=(bottom, top))
        view.dress(panel, unit)
        panel.locator_params("x", nbins=n_ticks)
        panel.locator_params("y", nbins=int(np.clip(n_ticks * ratio, 1, 5)))
    color_bar(list(axes), ScalarMappable(Normalize(0, 1), COLORS), "probability / highest")
    _explain(axes, used, is_own=ax is None)
    save_figure(axes[0], save)
    return axes


def _chosen(found: Posterior, cells: ArrayLike | None) -> NDArray[Any]:
    """Row numbers of cells to draw one by one, or a mask of those to draw together."""
    n_cells = len(found)
    if cells is None:
        n_panels = min(N_PANELS, n_cells)
        ranks = (np.arange(n_panels) + 0.5) * n_cells // max(n_panels, 1)
        chosen: NDArray[Any] = np.argsort(found.entropy, kind="stable")[ranks.astype(int)]
    else:
        chosen = np.atleast_1d(np.asarray(cells))
    if chosen.dtype == bool:
        is_usable = chosen.shape == (n_cells,) and bool(chosen.any())
    else:
        is_usable = (
            np.issubdtype(chosen.dtype, np.integer)
            and chosen.ndim == 1
            and 0 < len(chosen) <= MOST_PANELS
            and 0 <= chosen.min() <= chosen.max() < n_cells
        )
    if not is_usable:
        message = (
            f"cells is {cells!r}: give 1 to {MOST_PANELS} row numbers below {n_cells}, or a "
            f"boolean mask of shape ({n_cells},) with the cells whose mean is drawn."
        )
        raise ValueError(message)
    return chosen


def _titles(found: Posterior, rows: NDArray[Any], names: Sequence[str] | None) -> list[str]:
    if names is None:
        return [f"cell {row}" for row in rows]
    if len(names) != len(found):
        message = f"There are {len(names)} names, but the posterior is of {len(found)} cells."
        raise ValueError(message)
    return [str(names[row]) for row in rows]


def _one_for_each(found: Posterior, true: ArrayLike) -> NDArray[np.float64]:
    places = check_coordinate_rows(true, name="true")
    if places.shape != (len(found), found.positions.shape[1]):
        message = (
            f"true has the shape {places.shape}, but the posterior is of {len(found)} cells in "
            f"{found.positions.shape[1]} dimensions."
        )
        raise ValueError(message)
    return places


def _mean_of(part: Posterior) -> Posterior:
    """One cell with the mean of the probabilities of all."""
    mean = csr_matrix(part.probabilities.mean(axis=0))
    return replace(part, probabilities=mean, unlikeness=part.unlikeness.mean(keepdims=True))


def _draw_probability(ax: Axes, merged: Posterior, points: NDArray[np.float64]) -> None:
    probability = merged.place_probabilities().toarray()[0]
    order = np.argsort(probability, kind="stable")
    across, along = points[order].T
    ax.scatter(
        across,
        along,
        c=probability[order] / probability.max(),
        cmap=COLORS,
        vmin=0,
        vmax=1,
        s=DOT_SIZE * marker_area(ax, len(points)),
        linewidths=0,
        rasterized=True,
    )
    for level, style in LEVELS.items():
        inside = merged.region(level).toarray()[0]
        draw_outline(ax, merged.positions, points, inside, linestyles=[style], **OUTLINE)


def _likely_places(part: Posterior) -> dict[str, NDArray[np.float64]]:
    """Places of one cell to mark, shape ``(1, n_dims)`` each."""
    peaks = part.modes(2)
    found = {"mean": part.mean(), "largest peak": peaks.places[:, 0]}
    if peaks.shares[0, 1] > LEAST_SHARE:
        found["second peak"] = peaks.places[:, 1]
    marked = np.vstack([found[name] for name in PEAKS if name in found])
    distance = np.linalg.norm(marked - part.mode(), axis=1).min()
    if distance > APART * np.linalg.norm(np.ptp(part.positions, axis=0)):
        found["most probable"] = part.mode()
    return found


def _draw_marks(ax: Axes, marked: NDArray[np.float64], name: str, *, size: float) -> set[str]:
    """Mark known points of the plane; the name of the mark if there are any."""
    known = marked[known_rows(marked)]
    if len(known) == 0:
        return set()
    look = MARKS[name] | EDGE
    ax.plot(*known.T, **look | {"markersize": size * look["markersize"]})
    return {name}


def _explain(axes: NDArray[Any], used: set[str], *, is_own: bool) -> None:
    """Name marks and lines: below a figure of its own, or in the last of given axes."""
    marks = [Line2D([], [], label=name, **MARKS[name], **EDGE) for name in MARKS if name in used]
    lines = [
        Line2D([], [], color="black", linewidth=0.9, linestyle=style, label=f"{100 * level:g} %")
        for level, style in LEVELS.items()
    ]
    handles = marks + lines
    if is_own:
        per_line = MARKS_PER_LINE if len(axes) > 1 else 3
        n_columns = -(-len(handles) // -(-len(handles) // per_line))
        axes[0].figure.legend(
            handles=handles, loc="outside lower center", ncols=n_columns, frameon=False
        )
    else:
        axes[-1].legend(handles=handles, fontsize="x-small", frameon=False)
