"""Cells coloured by how far they were placed from where they are."""

from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from dpvae._keys import OBSM
from dpvae.geometry.coordinates import known_rows
from dpvae.pl.cell_colours import UNKNOWN
from dpvae.pl.coordinates import read_coordinates, read_pair
from dpvae.pl.panels import marker_area, panels, save_figure
from dpvae.pl.view import view_of

ERROR_COLOURS = "viridis_r"
TOP_OF_SCALE = 0.98


def cell_error(
    adata: ad.AnnData,
    *,
    spatial_key: str = OBSM.spatial,
    recovered_key: str = OBSM.reconstructed,
    column: str | None = None,
    align: bool = False,
    unit: str | None = None,
    ax: Axes | None = None,
    save: str | Path | None = None,
) -> Axes:
    """Draw cells at their true place, coloured by the distance to the recovered one.

    As Fig. 11 of Zhou & Du 2024 (arXiv:2408.00911): where the tissue is hard. The title has the
    median; the scale ends at the 98th percentile. Where the truth is not known, draw what
    :func:`dpvae.tl.impute` expects: ``pl.cell_error(adata, spatial_key="spatial_dpvae",
    column="spatial_dpvae_expected_error")``.

    Parameters
    ----------
    adata
        Cells of one section.
    spatial_key
        Key of ``adata.obsm`` with the true coordinates, shape (n_cells, 2 or 3). Default
        ``"spatial"``.
    recovered_key
        Key of ``adata.obsm`` with the recovered coordinates. Default ``"spatial_dpvae"``. Cells
        without one are grey.
    column
        Column of ``adata.obs`` to colour by instead, such as an expected error or a residual, in
        the unit of the coordinates. The recovered coordinates are not needed then. Default none.
    align
        Whether to bring the recovered coordinates onto the true ones by shift, rotation,
        reflection and scale first. Default ``False``.
    unit
        Unit of the coordinates for the labels, such as ``"µm"``. Default none.
    ax
        Axes to draw on. By default a new figure is made.
    save
        Path to save the figure at. Default: it is not saved.

    Returns
    -------
    The axes.

    Raises
    ------
    KeyError
        If a key or the column is not there.
    ValueError
        If coordinates cannot be drawn, no cell has both places, or the column holds anything but
        numbers.

    Examples
    --------
    >>> from dpvae import datasets, pl
    >>> adata = datasets.simulated_tissue(200, 20)
    >>> adata.obsm["spatial_dpvae"] = adata.obsm["spatial"] + [30.0, 40.0]
    >>> pl.cell_error(adata, unit="µm").get_title()
    'median 50 µm'
    """
    if column is None:
        true, recovered = read_pair(adata, spatial_key, recovered_key, align=align)
        error = np.linalg.norm(recovered - true, axis=1)
    else:
        true = read_coordinates(adata, spatial_key)
        error = np.where(known_rows(true), _numbers(adata, column), np.nan)
    if np.isnan(error).all():
        other = repr(recovered_key) if column is None else f"a number in adata.obs[{column!r}]"
        message = f"No cell has a known place in {spatial_key!r} and {other}: nothing to draw."
        raise ValueError(message)
    view = view_of(true)
    points = view.project(true)
    width, height = np.ptp(points[known_rows(points)], axis=0)
    axes: Axes = panels(1, ax, height_to_width=height / width if width > 0 else 1)[0]
    order = view.back_to_front(true)
    with_error, without = order[~np.isnan(error[order])], order[np.isnan(error[order])]
    look: dict[str, Any] = {
        "s": marker_area(axes, adata.n_obs),
        "linewidths": 0,
        "rasterized": True,
    }
    axes.scatter(points[without, 0], points[without, 1], color=UNKNOWN, **look)
    dots = axes.scatter(
        points[with_error, 0],
        points[with_error, 1],
        c=error[with_error],
        cmap=ERROR_COLOURS,
        vmin=0,
        vmax=np.nanquantile(error, TOP_OF_SCALE),
        **look,
    )
    suffix = f" {unit}" if unit else ""
    axes.set_title(f"median {np.nanmedian(error):.3g}{suffix}")
    label = (column or "error") + (f" ({unit})" if unit else "")
    bar = axes.figure.colorbar(dots, ax=axes, label=label, extend="max", shrink=0.8)
    bar.outline.set_visible(False)
    view.dress(axes, spatial_key, unit)
    save_figure(axes, save)
    return axes


def _numbers(adata: ad.AnnData, column: str) -> NDArray[np.float64]:
    """A column of ``adata.obs`` as numbers, NaN where there is none."""
    if column not in adata.obs:
        message = f"adata.obs has no column {column!r}; it has {', '.join(adata.obs) or 'none'}."
        raise KeyError(message)
    values = adata.obs[column]
    if not pd.api.types.is_numeric_dtype(values):
        message = f"adata.obs[{column!r}] is of type {values.dtype}; name a column of numbers."
        raise ValueError(message)
    numbers = values.to_numpy(dtype=float, na_value=np.nan)
    return np.where(np.isfinite(numbers), numbers, np.nan)
