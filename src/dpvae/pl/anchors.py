"""What anchors do to a layout."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from numpy.typing import ArrayLike, NDArray

from dpvae._keys import OBSM
from dpvae.geometry.coordinates import known_rows
from dpvae.pl.cell_colours import UNKNOWN
from dpvae.pl.coordinates import read_pair
from dpvae.pl.panels import marker_area, panels, save_figure
from dpvae.pl.position_colours import position_colours
from dpvae.pl.view import view_of

MARGIN = 0.05
RING = (("white", 3.2), ("black", 1.6))  # white beneath: visible on dark cells, too


def anchors(
    adata: ad.AnnData,
    is_anchor: ArrayLike,
    *,
    free_key: str,
    anchored_key: str = OBSM.reconstructed,
    spatial_key: str = OBSM.spatial,
    align: bool = True,
    unit: str | None = None,
    ax: Sequence[Axes] | NDArray[Any] | None = None,
    save: str | Path | None = None,
) -> NDArray[Any]:
    """Draw the tissue, its free layout, and its layout around anchors (Fig. 8 of Zhou & Du 2024).

    Each cell has the colour of its true place, anchors are ringed. A free layout has a shape, but
    no place, turn or side. Here it is laid over the truth as well as it goes, and a line leads from
    where each anchor is to where it was laid; around anchors there is no such line.

    Parameters
    ----------
    adata
        Cells of one section.
    is_anchor
        Mask of the anchors, shape (n_cells,), at least one.
    free_key
        Key of ``adata.obsm`` with coordinates from :func:`dpvae.tl.reconstruct`.
    anchored_key
        Key of ``adata.obsm`` with coordinates from :func:`dpvae.tl.impute`. Default
        ``"spatial_dpvae"``.
    spatial_key
        Key of ``adata.obsm`` with the true coordinates. Default ``"spatial"``. Cells without are
        grey.
    align
        Whether to bring the free layout onto the truth by shift, rotation, reflection and scale,
        for display only. Default ``True``; with ``False`` it is drawn as it was found, in limits
        of its own.
    unit
        Unit of the coordinates for the axis labels. Default none.
    ax
        Three axes to draw on. By default a new figure is made.
    save
        Path to save the figure at. Default: it is not saved.

    Returns
    -------
    The three axes, shape (3,): true, free, with anchors.

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
    mask = np.asarray(is_anchor)
    if mask.dtype != np.bool_ or mask.shape != (adata.n_obs,) or not mask.any():
        message = (
            f"is_anchor has type {mask.dtype}, shape {mask.shape} and {np.count_nonzero(mask)} "
            f"anchors; pass a mask of the {adata.n_obs} cells with at least one."
        )
        raise ValueError(message)
    true, free = read_pair(adata, spatial_key, free_key, align=align)
    _, anchored = read_pair(adata, spatial_key, anchored_key, align=False)
    view = view_of(true)
    points = [view.project(places) for places in (true, free, anchored)]
    colours = np.where(known_rows(true)[:, None], position_colours(points[0]), UNKNOWN)
    axes = panels(3, ax, height_to_width=1)
    titles = (
        "true",
        "free layout, aligned" if align else "free layout",
        f"{mask.sum()} anchors" if mask.sum() > 1 else "1 anchor",
    )
    keys = (spatial_key, free_key, anchored_key)
    for panel, key, places, drawn, title in zip(
        axes, keys, (true, free, anchored), points, titles, strict=True
    ):
        order = view.back_to_front(places)
        area = marker_area(panel, adata.n_obs)
        panel.scatter(*drawn[order].T, c=colours[order], s=area, linewidths=0, rasterized=True)
        for color, width in RING:
            panel.scatter(
                *drawn[mask].T, s=55, facecolors="none", edgecolors=color, linewidths=width
            )
        panel.set_title(title)
        view.dress(panel, key, unit)
    if align:
        lines = np.stack([points[0][mask], points[1][mask]], axis=1)
        axes[1].add_collection(LineCollection(list(lines), colors="black", linewidths=1.4))
    _share_limits(axes if align else axes[[0, 2]], np.concatenate(points if align else points[::2]))
    save_figure(axes[0], save)
    return axes


def _share_limits(axes: NDArray[Any], points: NDArray[np.float64]) -> None:
    low, high = np.nanmin(points, axis=0), np.nanmax(points, axis=0)
    margin = MARGIN * float((high - low).max())
    for panel in axes:
        upside_down = panel.yaxis_inverted()
        panel.set(xlim=(low[0] - margin, high[0] + margin))
        bottom, top = low[1] - margin, high[1] + margin
        panel.set_ylim((top, bottom) if upside_down else (bottom, top))
