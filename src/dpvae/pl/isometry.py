"""Ellipses of equal change of expression in the latent space."""

from pathlib import Path

import anndata as ad
import numpy as np
from matplotlib.axes import Axes

from dpvae._data.culprit import obsm_name
from dpvae._keys import OBSM
from dpvae.metrics import metric_ellipses
from dpvae.pl.ellipses import draw_ellipses
from dpvae.pl.panels import color_bar, panels, save_figure
from dpvae.tl.coordinates import read_representation

LONGEST = 0.08


def isometry(
    adata: ad.AnnData,
    *,
    use_rep: str = OBSM.latent,
    metric_key: str = OBSM.decoder_metric,
    max_ellipses: int = 150,
    seed: int = 0,
    ax: Axes | None = None,
    save: str | Path | None = None,
) -> Axes:
    """Draw where and how the decoder stretches the latent space.

    Each ellipse holds the steps in the latent space that change expression by the same amount, in
    the plane of the two leading principal components, and has the colour of its axis ratio. Circles
    of one size everywhere: distances mean the same in all places and directions. All ellipses are
    magnified alike. After figures 4 and 14 of Zhou & Du (2024).

    Parameters
    ----------
    adata
        Cells.
    use_rep
        Key of ``adata.obsm`` with the latent representation. By default ``"X_dpvae"``.
    metric_key
        Key of ``adata.obsm`` with the decoder's metric, ``model.decoder_metric(adata)``. By default
        ``"X_dpvae_metric"``.
    max_ellipses
        Draw the ellipses of a random subset of this many cells if there are more. By default 150.
    seed
        Seed of the subset. By default 0.
    ax, save
        Axes to draw on, by default in a new figure; and a path to save the figure at.

    Returns
    -------
    The axes. Their collections are the cells, then the ellipses.

    Raises
    ------
    KeyError
        If a key is not there.
    ValueError
        If the metric is malformed, is of other dimensions than the cells, or there is no cell.

    Examples
    --------
    >>> import numpy as np
    >>> from dpvae import datasets, pl
    >>> adata = datasets.simulated_tissue(200, 20)
    >>> adata.obsm["X_dpvae"] = adata.obsm["spatial"] / 100
    >>> adata.obsm["X_dpvae_metric"] = np.tile(np.eye(2), (200, 1, 1))
    >>> pl.isometry(adata).get_title()
    'median axis ratio 1'
    """
    latent = np.asarray(read_representation(adata, use_rep), dtype=np.float64)
    metric = read_representation(adata, metric_key)
    if not len(latent) or metric.shape[1:2] != latent.shape[1:]:
        message = (
            f"{obsm_name(use_rep)} has shape {latent.shape} and {obsm_name(metric_key)} "
            f"{metric.shape}: give one metric of the same dimensions for each of one cell or more."
        )
        raise ValueError(message)
    centered = latent - latent.mean(axis=0)
    plane = np.linalg.svd(centered.T @ centered)[0][:, :2]
    points = centered @ plane
    half_axes, angles = metric_ellipses(metric, plane)
    ratio = half_axes[:, 0] / half_axes[:, 1]
    drawn = np.random.default_rng(seed).permutation(len(points))[:max_ellipses]
    axes: Axes = panels(1, ax, height_to_width=1)[0]
    axes.scatter(points[:, 0], points[:, 1], s=3, color="#BBBBBB", linewidths=0, rasterized=True)
    size = LONGEST * float(np.ptp(points, axis=0).max())
    ellipses = draw_ellipses(
        axes,
        points[drawn],
        half_axes[drawn] * size / np.quantile(half_axes[drawn, 0], 0.9),
        angles[drawn],
        cmap="viridis_r",
        linewidths=1.0,
    )
    ellipses.set_array(ratio[drawn])
    ellipses.set_clim(1.0, float(np.quantile(ratio, 0.98)) + 1e-9)
    ellipses.set_facecolor("none")
    axes.set_aspect("equal")
    axes.margins(0.04)
    axes.set(xlabel="leading latent component", ylabel="second latent component")
    axes.set_title(f"median axis ratio {np.median(ratio):.3g}")
    color_bar(axes, ellipses, "axis ratio (1: alike in all directions)")
    axes.spines[["top", "right"]].set_visible(False)
    save_figure(axes, save)
    return axes
