"""Arrows from the true to the recovered place of cells."""

from pathlib import Path

import anndata as ad
import numpy as np
from matplotlib.axes import Axes

from dpvae._keys import OBSM
from dpvae.geometry.coordinates import known_rows
from dpvae.pl.coordinates import read_pair
from dpvae.pl.error_colors import ERROR_COLORS
from dpvae.pl.lengths import length_text, with_unit
from dpvae.pl.map_panel import TOP_OF_SCALE, map_panel
from dpvae.pl.panels import save_figure

ARROW_WIDTH = 0.003
HEAD_WIDTH, HEAD_LENGTH, SHORTEST = 4.5, 5.5, 0.5  # in widths of the shaft


def residuals(
    adata: ad.AnnData,
    *,
    spatial_key: str = OBSM.spatial,
    recovered_key: str = OBSM.reconstructed,
    align: bool = False,
    max_arrows: int = 500,
    unit: str | None = None,
    seed: int = 0,
    ax: Axes | None = None,
    save: str | Path | None = None,
) -> Axes:
    """Draw an arrow from the true to the recovered place of each cell, coloured by its length.

    The true places of all cells are shown in grey beneath, the longest arrows on top; the title
    has the median length over all cells. In three dimensions the arrows are projected along the
    shortest principal axis of the tissue, but coloured by their length in space. Colours end at
    the 98th percentile of the lengths.

    Parameters
    ----------
    adata
        Cells of one section.
    spatial_key
        Key of ``adata.obsm`` with the true coordinates, shape ``(n_cells, 2 or 3)``. By default
        ``"spatial"``.
    recovered_key
        Key of ``adata.obsm`` with the recovered coordinates, of the same shape and in the same
        frame unless ``align``. By default ``"spatial_dpvae"``. A cell that is NaN in one of the
        two has no arrow.
    align
        Whether to bring the recovered coordinates onto the true ones by shift, rotation,
        reflection and scale first. For display only: needed if they were placed freely.
        By default ``False``.
    max_arrows
        Draw a random subset of this many cells if there are more. By default 500.
    unit
        Unit of the coordinates for the labels, such as ``"µm"``. By default none.
    seed
        Seed of the subset. By default 0.
    ax, save
        Axes to draw on, by default in a new figure; and a path to save the figure at.

    Returns
    -------
    The axes, with the cells and on top of them the arrows.

    Raises
    ------
    KeyError
        If a key is not there.
    ValueError
        If coordinates cannot be drawn, their dimensions differ, ``max_arrows`` is not positive or
        no cell has both places.

    Examples
    --------
    >>> from dpvae import datasets, pl
    >>> adata = datasets.simulated_tissue(200, 20)
    >>> adata.obsm["spatial_dpvae"] = adata.obsm["spatial"] + [30.0, 40.0]
    >>> ax = pl.residuals(adata, unit="µm")
    >>> ax.get_title()
    'median error 50 µm'
    """
    if max_arrows < 1:
        message = f"max_arrows is {max_arrows}; give a positive number."
        raise ValueError(message)
    true, recovered = read_pair(adata, spatial_key, recovered_key, align=align)
    both = np.flatnonzero(known_rows(true) & known_rows(recovered))
    if len(both) == 0:
        message = f"No cell has a known place in both {spatial_key!r} and {recovered_key!r}."
        raise ValueError(message)
    lengths = np.linalg.norm(recovered - true, axis=1)
    drawn = np.random.default_rng(seed).permutation(both)[:max_arrows]
    drawn = drawn[np.argsort(lengths[drawn])]
    panel = map_panel(true, ax)
    panel.cells(size=0.5)
    start, end = panel.points[drawn], panel.view.project(recovered[drawn])
    arrows = panel.ax.quiver(
        *start.T,
        *(end - start).T,
        lengths[drawn],
        angles="xy",
        scale_units="xy",
        scale=1,
        width=ARROW_WIDTH,
        cmap=ERROR_COLORS,
        headwidth=HEAD_WIDTH,
        headlength=HEAD_LENGTH,
        headaxislength=HEAD_LENGTH,
        minlength=SHORTEST,
    )
    arrows.set_clim(0, np.quantile(lengths[both], TOP_OF_SCALE))
    panel.reach_out(end)
    panel.ax.set_title(f"median error {length_text(np.median(lengths[both]), unit)}")
    panel.explain(arrows, with_unit("distance to the true place", unit), unit)
    save_figure(panel.ax, save)
    return panel.ax
