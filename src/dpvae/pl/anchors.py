"""What anchors do to a layout."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from dpvae._data.arguments import check_is_anndata
from dpvae._keys import OBSM
from dpvae.pl.coordinates import read_pair
from dpvae.pl.map_panel import MapPanel
from dpvae.pl.panels import panels, save_figure
from dpvae.pl.position_colors import position_colors
from dpvae.pl.view import view_of

MARGIN = 0.05
FEW, RING_AREA, RING_WIDTH = 10, 42.0, 1.6


def anchors(
    adata: ad.AnnData,
    is_anchor: ArrayLike,
    *,
    free_key: str,
    anchored_key: str = OBSM.reconstructed,
    spatial_key: str = OBSM.spatial,
    unit: str | None = None,
    ax: Sequence[Axes] | NDArray[Any] | None = None,
    save: str | Path | None = None,
) -> NDArray[Any]:
    """Draw the tissue, its free layout, and its layout around anchors.

    Each cell has the colour of its true place, anchors are ringed. A free layout has a shape, but
    no place, turn or side: that is what anchors add. All panels have the same scale.
    After figure 8 of Zhou & Du (2024).

    Parameters
    ----------
    adata
        Cells of one section.
    is_anchor
        Mask of the anchors, shape ``(n_cells,)``.
    free_key
        Key of ``adata.obsm`` with coordinates from :func:`dpvae.tl.reconstruct`.
    anchored_key
        Key of ``adata.obsm`` with coordinates from :func:`dpvae.tl.impute`. By default
        ``"spatial_dpvae"``.
    spatial_key
        Key of ``adata.obsm`` with the true coordinates. By default ``"spatial"``.
    unit
        Unit of the coordinates for the axis labels. By default none.
    ax, save
        Three axes to draw on, by default in a new figure; and a path to save the figure at.

    Returns
    -------
    The three axes, shape ``(3,)``: true, free, with anchors.

    Raises
    ------
    KeyError
        If a key is not there.
    ValueError
        If coordinates cannot be drawn, or the mask does not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from dpvae import datasets, pl
    >>> adata = datasets.simulated_tissue(200, 20)
    >>> adata.obsm["free"] = adata.obsm["spatial"][:, ::-1] - 100
    >>> adata.obsm["spatial_dpvae"] = adata.obsm["spatial"].copy()
    >>> axes = pl.anchors(adata, np.arange(200) < 4, free_key="free")
    >>> axes[2].get_title()
    '4 anchors'
    """
    check_is_anndata(adata)
    mask = np.asarray(is_anchor)
    if mask.dtype != np.bool_ or mask.shape != (adata.n_obs,):
        message = f"is_anchor has type {mask.dtype} and shape {mask.shape}; pass a mask of cells."
        raise ValueError(message)
    true, free = read_pair(adata, spatial_key, free_key, align=False)
    _, anchored = read_pair(adata, spatial_key, anchored_key, align=False)
    view = view_of(true)
    colors = position_colors(view.project(true))
    axes = panels(3, ax, height_to_width=1)
    titles = ("true", "free layout", f"{int(mask.sum())} anchors")
    layouts = [view.project(places) for places in (true, free, anchored)]
    for panel, places, title in zip(axes, (true, free, anchored), titles, strict=True):
        drawn = MapPanel(panel, view, places)
        drawn.cells(colors)
        _ring(panel, drawn.points[mask])
        panel.set_title(title)
    frame = np.concatenate([layouts[0], layouts[2]])
    half = _half_size([frame, layouts[1]])
    for panel, points in zip(axes, (frame, layouts[1], frame), strict=True):
        center = (np.nanmin(points, axis=0) + np.nanmax(points, axis=0)) / 2
        low, high = center - half, center + half
        panel.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
        view.dress(panel, unit)
    save_figure(axes[0], save)
    return axes


def _ring(panel: Axes, points: NDArray[np.float64]) -> None:
    """Ring the anchors; of many the rings are small and thin, so that cells stay visible."""
    crowd = max(len(points) / FEW, 1.0)
    across, along = points.T
    panel.scatter(
        across,
        along,
        s=RING_AREA / crowd**0.5,
        facecolors="none",
        edgecolors="black",
        linewidths=RING_WIDTH / crowd**0.5,
    )


def _half_size(layouts: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Half of the width and the height that holds each layout: all panels have one scale."""
    spans = [np.nanmax(points, axis=0) - np.nanmin(points, axis=0) for points in layouts]
    return np.asarray(np.max(spans, axis=0) * (0.5 + MARGIN))
