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
    """Draw the tissue, its free layout, and its layout around anchors (Fig. 8 of Zhou & Du 2024).

    Each cell has the colour of its true place, anchors are ringed. A free layout has a shape, but
    no place, turn or side: that is what anchors add.

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
    keys = (spatial_key, free_key, anchored_key)
    for panel, places, title, key in zip(axes, (true, free, anchored), titles, keys, strict=True):
        drawn = MapPanel(panel, view, places)
        drawn.cells(colors)
        panel.scatter(
            *drawn.points[mask].T, s=42, facecolors="none", edgecolors="black", linewidths=1.6
        )
        panel.set_title(title)
        view.dress(panel, key, unit)
    low, high = axes[0].dataLim.get_points()
    third = axes[2].dataLim.get_points()
    low, high = np.minimum(low, third[0]), np.maximum(high, third[1])
    margin = MARGIN * (high - low)
    for panel, key in ((axes[0], spatial_key), (axes[2], anchored_key)):
        panel.set(
            xlim=(low[0] - margin[0], high[0] + margin[0]),
            ylim=(low[1] - margin[1], high[1] + margin[1]),
        )
        view.dress(panel, key, unit)
    save_figure(axes[0], save)
    return axes
