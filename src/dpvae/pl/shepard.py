"""Latent or recovered distances against those in the tissue."""

from pathlib import Path

import anndata as ad
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm

from dpvae._data.culprit import named_in_errors, obsm_name
from dpvae._keys import OBSM
from dpvae.geometry import fit_distance_scale, pair_distances, pairs_within
from dpvae.metrics.paired import paired_cells
from dpvae.pl.lengths import with_unit
from dpvae.pl.panels import panels, save_figure
from dpvae.tl.coordinates import read_coordinates, read_representation

N_BINS = 60
N_STEPS = 20
FEWEST_PAIRS = 30
LINE, BAND = "#D55E00", "#0072B2"


def shepard(
    adata: ad.AnnData,
    *,
    use_rep: str = OBSM.latent,
    spatial_key: str = OBSM.spatial,
    distance_scale: float | None = None,
    max_pairs: int = 200_000,
    unit: str | None = None,
    seed: int = 0,
    ax: Axes | None = None,
    save: str | Path | None = None,
) -> Axes:
    """Draw distances in a representation against distances in the tissue (Shepard diagram).

    How often each combination occurs, in shades; the median and the middle 90 % along the tissue
    distance, as lines; and the diagonal on which a perfect representation lies.

    Parameters
    ----------
    adata
        Cells of one section.
    use_rep
        Key of ``adata.obsm``: a latent representation, or recovered coordinates. By default
        ``"X_dpvae"``.
    spatial_key
        Key of ``adata.obsm`` with the coordinates. By default ``"spatial"``. Cells of unknown place
        are left out.
    distance_scale
        λ, by which the distances are divided: ``model.distance_scale``, or 1 for recovered
        coordinates. By default it is fitted.
    max_pairs
        All pairs up to this number, random ones above. By default 200,000.
    unit
        Unit of the coordinates for the labels. By default none.
    seed
        Seed of the pairs. By default 0.
    ax, save
        Axes to draw on, by default in a new figure; and a path to save the figure at.

    Returns
    -------
    The axes, of equal scale. Lines: the diagonal, the median, the limits of the middle 90 %.

    Raises
    ------
    KeyError
        If a key is not there.
    ValueError
        If fewer than three cells are known in both.

    Examples
    --------
    >>> from dpvae import datasets, pl
    >>> adata = datasets.simulated_tissue(200, 20)
    >>> adata.obsm["X_dpvae"] = adata.obsm["spatial"] / 100
    >>> pl.shepard(adata, unit="µm").get_xlabel()
    'tissue distance (µm)'
    """
    true, latent = read_coordinates(adata, spatial_key), read_representation(adata, use_rep)
    with named_in_errors(obsm_name(spatial_key), obsm_name(use_rep)):
        places, values = paired_cells(true, latent, at_least=3)
        scale = (
            fit_distance_scale(values, places, seed=seed)
            if distance_scale is None
            else distance_scale
        )
    rows = pairs_within(np.zeros(len(places), dtype=np.int64), max_pairs=max_pairs, seed=seed)
    in_tissue, found = pair_distances(places, *rows), pair_distances(values, *rows) / scale
    axes: Axes = panels(1, ax, height_to_width=1)[0]
    top = float(max(in_tissue.max(), np.quantile(found, 0.999)))
    edges = np.linspace(0, top, N_BINS + 1)
    *_, shades = axes.hist2d(
        in_tissue, found, bins=[edges, edges], cmap="Greys", norm=LogNorm(), rasterized=True
    )
    axes.plot([0, top], [0, top], color="black", linewidth=0.8, linestyle=":", label="equal")
    steps = np.linspace(0, in_tissue.max(), N_STEPS + 1)
    step = np.clip(np.digitize(in_tissue, steps) - 1, 0, N_STEPS - 1)
    full = [k for k in range(N_STEPS) if (step == k).sum() >= FEWEST_PAIRS]
    if full:
        middle = (steps[:-1] + steps[1:])[full] / 2
        low, median, high = np.array(
            [np.quantile(found[step == k], [0.05, 0.5, 0.95]) for k in full]
        ).T
        axes.plot(middle, median, color=LINE, linewidth=1.8, label="median")
        axes.plot(middle, low, color=BAND, linewidth=1.2, linestyle="--", label="5 % and 95 %")
        axes.plot(middle, high, color=BAND, linewidth=1.2, linestyle="--")
    axes.set_xlabel(with_unit("tissue distance", unit))
    compared = "recovered distance" if distance_scale == 1 else "latent distance / λ"
    axes.set_ylabel(with_unit(compared, unit))
    axes.set_aspect("equal")
    axes.locator_params(nbins=5)
    axes.legend(frameon=False, loc="upper left", fontsize="small")
    axes.figure.colorbar(shades, ax=axes, label="pairs of cells", shrink=0.8)
    axes.spines[["top", "right"]].set_visible(False)
    save_figure(axes, save)
    return axes
