"""Placed cells and the regions that hold their true places."""

from pathlib import Path

import anndata as ad
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from dpvae._keys import OBSM
from dpvae.pl.coordinates import read_coordinates
from dpvae.pl.ellipses import draw_ellipses
from dpvae.pl.lengths import length_text, with_unit
from dpvae.pl.map_panel import TOP_OF_SCALE, map_panel
from dpvae.pl.panels import save_figure

RADIUS_COLORS = "viridis_r"


def regions(
    adata: ad.AnnData,
    *,
    recovered_key: str = OBSM.reconstructed,
    level: float = 0.9,
    max_ellipses: int = 25,
    unit: str | None = None,
    seed: int = 0,
    ax: Axes | None = None,
    save: str | Path | None = None,
) -> Axes:
    """Draw placed cells, coloured by how far from there they may be, and the regions of some.

    The colour is the radius of the disc that holds the true place; the ellipses, of the same
    colours, do so as often, and show the direction in which a place is unsure. Run
    :func:`dpvae.tl.regions` first.

    Parameters
    ----------
    adata
        Cells of one section.
    recovered_key
        Key of ``adata.obsm`` with the recovered coordinates. By default ``"spatial_dpvae"``.
    level
        Share of the cells whose true place is in the region. By default 0.9.
    max_ellipses
        Number of cells, chosen at random, whose ellipse is drawn. By default 25.
    unit
        Unit of the coordinates for the labels, such as ``"µm"``. By default none.
    seed
        Seed of that choice. By default 0.
    ax, save
        Axes to draw on, by default in a new figure; and a path to save the figure at.

    Returns
    -------
    The axes: cells, ellipses, and the centres of these.

    Raises
    ------
    KeyError
        If places or regions of this level are not there.
    ValueError
        If coordinates cannot be drawn.

    Examples
    --------
    >>> import numpy as np
    >>> from dpvae import datasets, geometry, pl, tl
    >>> adata = datasets.simulated_tissue(200, 20)
    >>> covariance = np.tile(100.0**2 * np.eye(2), (200, 1, 1))
    >>> scores = np.linspace(0.1, 2.0, 20)
    >>> found = geometry.Regions(adata.obsm["spatial"], covariance, scores, scores)
    >>> tl.regions(adata, found)
    >>> pl.regions(adata, unit="µm").get_title()
    '90 % within 190 µm (median)'
    """
    coordinates = read_coordinates(adata, recovered_key, argument="recovered_key")
    percent = f"{100 * level:g}"
    radius, ellipses = _read_regions(adata, recovered_key, percent)
    panel = map_panel(coordinates, ax)
    dots = panel.cells(radius, size=0.5, cmap=RADIUS_COLORS)
    lowest, highest = float(radius.min()), float(np.quantile(radius, TOP_OF_SCALE))
    dots.set_clim(lowest if lowest < highest else 0.0, highest)
    known = panel.view.back_to_front(coordinates)
    drawn = np.random.default_rng(seed).permutation(known)[:max_ellipses]
    plane = panel.view.directions[:, :2]
    squares, directions = np.linalg.eigh(plane.T @ ellipses[drawn] @ plane)
    draw_ellipses(
        panel.ax,
        panel.points[drawn],
        np.sqrt(squares[:, ::-1]),
        np.arctan2(directions[:, 1, 1], directions[:, 0, 1]),
        edgecolors=dots.to_rgba(radius[drawn]),
        linewidths=1.5,
    )
    across, along = panel.points[drawn].T
    panel.ax.scatter(across, along, s=5, color="black", linewidths=0)
    median = length_text(np.median(radius), unit)
    panel.ax.set_title(f"{percent} % within {median} (median)")
    panel.explain(dots, with_unit(f"radius of {percent} %", unit), recovered_key, unit)
    save_figure(panel.ax, save)
    return panel.ax


def _read_regions(
    adata: ad.AnnData, key: str, percent: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    in_obs, in_obsm = f"{key}_radius_{percent}", f"{key}_ellipse_{percent}"
    if in_obs not in adata.obs or in_obsm not in adata.obsm:
        message = (
            f"There is no adata.obs[{in_obs!r}] with adata.obsm[{in_obsm!r}]: run "
            "dpvae.tl.regions(adata, model.predict_regions(adata)), with this level among its "
            "levels."
        )
        raise KeyError(message)
    radius = np.asarray(adata.obs[in_obs], dtype=float)
    return radius, np.asarray(adata.obsm[in_obsm], dtype=float)
