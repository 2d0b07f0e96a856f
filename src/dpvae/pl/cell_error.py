"""Cells coloured by how far they were placed from where they are."""

from pathlib import Path

import anndata as ad
import numpy as np
from matplotlib.axes import Axes

from dpvae._keys import OBSM
from dpvae.pl.coordinates import read_pair
from dpvae.pl.error_colors import ERROR_COLORS
from dpvae.pl.lengths import length_text, with_unit
from dpvae.pl.map_panel import TOP_OF_SCALE, map_panel
from dpvae.pl.panels import save_figure


def cell_error(
    adata: ad.AnnData,
    *,
    spatial_key: str = OBSM.spatial,
    recovered_key: str = OBSM.reconstructed,
    align: bool = False,
    unit: str | None = None,
    ax: Axes | None = None,
    save: str | Path | None = None,
) -> Axes:
    """Draw cells at their true place, coloured by the distance to the recovered one.

    As Fig. 11 of Zhou & Du 2024 (arXiv:2408.00911): where the tissue is hard. The title has the
    median; the scale ends at the 98th percentile.

    Parameters
    ----------
    adata
        Cells of one section.
    spatial_key
        Key of ``adata.obsm`` with the true coordinates, shape ``(n_cells, 2 or 3)``. By default
        ``"spatial"``.
    recovered_key
        Key of ``adata.obsm`` with the recovered coordinates. By default ``"spatial_dpvae"``. Cells
        without one are grey.
    align
        Whether to bring the recovered coordinates onto the true ones by shift, rotation,
        reflection and scale first. By default ``False``.
    unit
        Unit of the coordinates for the labels, such as ``"µm"``. By default none.
    ax, save
        Axes to draw on, by default in a new figure; and a path to save the figure at.

    Returns
    -------
    The axes.

    Raises
    ------
    KeyError
        If a key is not there.
    ValueError
        If coordinates cannot be drawn, or no cell has both places.

    Examples
    --------
    >>> from dpvae import datasets, pl
    >>> adata = datasets.simulated_tissue(200, 20)
    >>> adata.obsm["spatial_dpvae"] = adata.obsm["spatial"] + [30.0, 40.0]
    >>> pl.cell_error(adata, unit="µm").get_title()
    'median error 50 µm'
    """
    true, recovered = read_pair(adata, spatial_key, recovered_key, align=align)
    error = np.linalg.norm(recovered - true, axis=1)
    if np.isnan(error).all():
        message = f"No cell has a known place in both {spatial_key!r} and {recovered_key!r}."
        raise ValueError(message)
    panel = map_panel(true, ax)
    has_error = ~np.isnan(error)
    panel.cells(shown=~has_error)
    top = np.nanquantile(error, TOP_OF_SCALE)
    dots = panel.cells(error, shown=has_error, cmap=ERROR_COLORS, vmin=0, vmax=top)
    panel.ax.set_title(f"median error {length_text(np.nanmedian(error), unit)}")
    panel.explain(dots, with_unit("distance to the true place", unit), unit)
    save_figure(panel.ax, save)
    return panel.ax
