"""True and recovered coordinates side by side."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from dpvae._data.counted import counted
from dpvae._keys import OBSM
from dpvae.geometry import align as align_places
from dpvae.geometry.coordinates import known_rows
from dpvae.pl.cell_colors import UNKNOWN, CellColors, cell_colors
from dpvae.pl.coordinates import read_pair
from dpvae.pl.lengths import length_text
from dpvae.pl.map_panel import MapPanel
from dpvae.pl.panels import panels, save_figure
from dpvae.pl.position_colors import position_colors
from dpvae.pl.view import view_of

logger = logging.getLogger(__name__)
MARGIN = 0.04
MUCH_LESS = 0.8


def reconstruction(
    adata: ad.AnnData,
    *,
    spatial_key: str = OBSM.spatial,
    recovered_key: str = OBSM.reconstructed,
    color: str | None = None,
    align: bool = False,
    unit: str | None = None,
    ax: Sequence[Axes] | NDArray[Any] | None = None,
    save: str | Path | None = None,
) -> NDArray[Any]:
    """Draw true and recovered coordinates side by side, within the same limits.

    Draw one section at a time: ``dpvae.pl.reconstruction(adata[adata.obs["section"] == "a"])``.
    Tissues of three dimensions are seen along their shortest principal axis, near cells in front.
    A plane is easier to read and to print than a perspective, and both panels share it. The title
    has the median distance of the cells of known place from it.

    Parameters
    ----------
    adata
        Cells of one section.
    spatial_key
        Key of ``adata.obsm`` with the true coordinates, shape ``(n_cells, 2 or 3)``. Rows of NaN
        are cells whose place is not known: they are left out of the first panel. By default
        ``"spatial"``.
    recovered_key
        Key of ``adata.obsm`` with the recovered coordinates, of the same shape and in the same
        frame unless ``align``. By default ``"spatial_dpvae"``.
    color
        Column of ``adata.obs`` or gene (as it stands in ``adata.X``) that colours the cells. By
        default each cell has the colour of its true place, so that a good reconstruction shows
        the same picture twice; cells whose place is not known are grey then.
    align
        Whether to bring the recovered coordinates onto the true ones by shift, rotation,
        reflection and scale first. For display only: needed if they were placed freely.
        By default ``False``.
    unit
        Unit of the coordinates for the axis labels, such as ``"µm"``. By default none.
    ax, save
        Two axes to draw on, by default in a new figure; and a path to save the figure at.

    Returns
    -------
    The two axes, shape ``(2,)``: true, recovered.

    Raises
    ------
    KeyError
        If a key, or the colour, is not there.
    ValueError
        If coordinates cannot be drawn, their dimensions differ, or ``ax`` is not two axes.

    Examples
    --------
    >>> import numpy as np
    >>> from dpvae import datasets, pl
    >>> adata = datasets.simulated_tissue(200, 20)
    >>> noise = np.random.default_rng(0).normal(0, 200, (200, 2))
    >>> adata.obsm["spatial_dpvae"] = adata.obsm["spatial"] + noise
    >>> true, recovered = pl.reconstruction(adata, unit="µm")
    >>> recovered.get_title()
    'recovered, median error 228 µm'
    """
    coordinates = read_pair(adata, spatial_key, recovered_key, align=align)
    if not align:
        _say_if_frames_differ(*coordinates)
    view = view_of(coordinates[0])
    projected = [view.project(c) for c in coordinates]
    colors = cell_colors(adata, color) if color is not None else _by_place(projected[0])
    low, high = _common_box(*projected)
    width, height = high - low
    axes = panels(2, ax, height_to_width=height / width)
    titles = ("true", _title(*coordinates, unit))
    for panel, title, places in zip(axes, titles, coordinates, strict=True):
        MapPanel(panel, view, places).cells(colors.rgba)
        panel.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), title=title)
        view.dress(panel, unit)
    colors.explain(axes)
    save_figure(axes[0], save)
    return axes


def _say_if_frames_differ(true: NDArray[np.float64], recovered: NDArray[np.float64]) -> None:
    known = known_rows(true) & known_rows(recovered)
    if known.sum() <= true.shape[1]:
        return
    true, recovered = true[known], recovered[known]
    moved = align_places(recovered, true, with_scale=False).apply(recovered)
    as_it_is, aligned = (
        float(np.median(np.linalg.norm(places - true, axis=1))) for places in (recovered, moved)
    )
    if aligned < MUCH_LESS * as_it_is:
        logger.warning(
            "The median error is %s as it is, and %s after a shift and a turn: if true and "
            "recovered places are in two frames, as of two sections, give align=True.",
            length_text(as_it_is, None),
            length_text(aligned, None),
        )


def _title(true: NDArray[np.float64], recovered: NDArray[np.float64], unit: str | None) -> str:
    errors = np.linalg.norm(recovered - true, axis=1)
    if np.isnan(errors).all():
        return "recovered"
    found = f"recovered, median error {length_text(float(np.nanmedian(errors)), unit)}"
    n_known = int((~np.isnan(errors)).sum())
    return found if n_known == len(errors) else f"{found}\nof {counted(n_known, 'known cell')}"


def _by_place(points: NDArray[np.float64]) -> CellColors:
    colors = position_colors(points)
    return CellColors(np.where(known_rows(points)[:, None], colors, UNKNOWN))


def _common_box(
    true: NDArray[np.float64], recovered: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lower and upper corner, shape ``(2,)`` each, of a box around both sets of points."""
    lows = np.stack([np.nanmin(true, axis=0), np.nanmin(recovered, axis=0)])
    highs = np.stack([np.nanmax(true, axis=0), np.nanmax(recovered, axis=0)])
    if np.any(lows.max(axis=0) > highs.min(axis=0)):
        logger.warning(
            "True and recovered cells do not overlap: give align=True if their frames differ."
        )
    low, high = lows.min(axis=0), highs.max(axis=0)
    margin = MARGIN * (float((high - low).max()) or 1.0)
    return low - margin, high + margin
