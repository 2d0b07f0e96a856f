"""Recovered places over the image of a section."""

import warnings
from pathlib import Path
from typing import Any

import anndata as ad
from matplotlib.axes import Axes

from dpvae._data.arguments import check_is_anndata
from dpvae._keys import OBSM
from dpvae.geometry import known_rows
from dpvae.pl.cell_colors import OKABE_ITO, UNKNOWN, color_values
from dpvae.pl.coordinates import read_coordinates
from dpvae.pl.panels import panels, save_figure


def over_image(
    adata: ad.AnnData,
    reference: ad.AnnData,
    *,
    recovered_key: str = OBSM.reconstructed,
    color: str | None = None,
    library_id: str | None = None,
    ax: Axes | None = None,
    save: str | Path | None = None,
) -> Axes:
    """Draw recovered places over the image of the section in whose frame they are.

    As :func:`squidpy.pl.spatial_scatter` draws it, with its scale factors and size of spots. The
    image need not be copied to the cells, and cells without a place do no harm.

    Parameters
    ----------
    adata
        Cells that were placed. Those without a place are left out.
    reference
        The section with its image in ``reference.uns["spatial"]``, as :func:`squidpy.read.visium`
        puts it there. It may be ``adata`` itself.
    recovered_key
        Key of ``adata.obsm`` with the recovered coordinates, in pixels of the full image. By
        default ``"spatial_dpvae"``.
    color
        Column of ``adata.obs`` or gene (as it stands in ``adata.X``). By default all cells are
        orange.
    library_id
        Which image of the reference. May be left out if there is one.
    ax, save
        Axes to draw on, by default in a new figure; and a path to save the figure at.

    Returns
    -------
    The axes.

    Raises
    ------
    KeyError
        If there are no such coordinates, colour or image.
    ValueError
        If coordinates cannot be drawn, or it is not clear which image is meant.

    Examples
    --------
    >>> import numpy as np
    >>> from dpvae import datasets, pl
    >>> adata = datasets.simulated_tissue(200, 20)
    >>> adata.obsm["spatial_dpvae"] = adata.obsm["spatial"] + 10.0
    >>> image, factors = np.ones((60, 60, 3)), {"tissue_hires_scalef": 0.005}
    >>> factors["spot_diameter_fullres"] = 100.0
    >>> adata.uns["spatial"] = {"slide": {"images": {"hires": image}, "scalefactors": factors}}
    >>> ax = pl.over_image(adata, adata, color="domain")
    >>> ax.get_images()[0].get_array().shape
    (60, 60, 3)
    """
    with warnings.catch_warnings():  # of docrep, when squidpy is imported for the first time
        warnings.filterwarnings("ignore", "'.*' is not a valid key!", SyntaxWarning)
        import squidpy as sq

    places = read_coordinates(adata, recovered_key, argument="recovered_key")
    library = _library(reference, library_id)
    known = known_rows(places)
    drawn = ad.AnnData(obs=adata.obs.loc[known, []], obsm={recovered_key: places[known]})
    for key in {OBSM.spatial, recovered_key}:  # squidpy takes the scale from the first
        drawn.uns[key] = {library: reference.uns[OBSM.spatial][library]}
    if color is not None:
        drawn.obs[color] = color_values(adata, color)[known]
        if f"{color}_colors" in adata.uns:
            drawn.uns[f"{color}_colors"] = adata.uns[f"{color}_colors"]
    axes: Axes = panels(1, ax, height_to_width=1)[0]
    sq.pl.spatial_scatter(
        drawn,
        spatial_key=recovered_key,
        color=color,
        na_color=OKABE_ITO[0] if color is None else UNKNOWN,
        library_id=library,
        ax=axes,
    )
    save_figure(axes, save)
    return axes


def _library(reference: ad.AnnData, library_id: str | None) -> str:
    """Name of the image that is meant."""
    check_is_anndata(reference, name="reference")
    images: Any = reference.uns.get(OBSM.spatial, {})
    if not images:
        message = (
            'There is no image in reference.uns["spatial"]: read the section with '
            "squidpy.read.visium, or draw without an image: dpvae.pl.reconstruction(adata)."
        )
        raise KeyError(message)
    if library_id is None and len(images) == 1:
        return str(next(iter(images)))
    if library_id is None or library_id not in images:
        message = f"library_id is {library_id!r}; name one of {sorted(map(str, images))}."
        raise ValueError(message)
    return library_id
