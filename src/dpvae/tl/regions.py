"""Credible regions of places, written next to them."""

from collections.abc import Sequence

import numpy as np
from anndata import AnnData

from dpvae._keys import OBSM, params_key
from dpvae.geometry import Regions
from dpvae.tl.placement import drop_companions
from dpvae.tl.result import check_free_key

LEVELS = (0.5, 0.9)


def regions(
    adata: AnnData,
    found: Regions,
    *,
    levels: Sequence[float] = LEVELS,
    key_added: str = OBSM.reconstructed,
) -> None:
    """Write places and the regions around them that hold the true ones.

    Parameters
    ----------
    adata
        The cells.
    found
        What ``model.predict_regions(adata)`` gave.
    levels
        How often the true place is to be in the region, each a share such as 0.9.
    key_added
        Key of the places in ``obsm``, and the beginning of the other keys.

    Returns
    -------
    ``None``. Written are

    - ``adata.obsm[key_added]``: the places, shape ``(n_cells, 2)`` or ``(n_cells, 3)``;
    - ``adata.obs[key_added + "_radius_90"]``: the radius of the disc around each that holds the
      true place of 90 % of the cells, in the unit of the coordinates; likewise for other levels;
    - ``adata.obsm[key_added + "_ellipse_90"]``: the matrix E of the ellipse
      (x − s)ᵀ E⁻¹ (x − s) ≤ 1 that does so, shape ``(n_cells, 2, 2)`` or ``(n_cells, 3, 3)``;
    - ``adata.uns[key_added + "_params"]``: the levels and the number of calibration cells.

    Raises
    ------
    ValueError
        If the regions belong to another number of cells, a level is not usable, or something would
        be overwritten.

    Examples
    --------
    >>> import numpy as np
    >>> import dpvae
    >>> adata = dpvae.datasets.simulated_tissue(200, 50)
    >>> scores = np.linspace(0.1, 2.0, 20)
    >>> covariance = np.tile(9.0 * np.eye(2), (200, 1, 1))
    >>> found = dpvae.geometry.Regions(adata.obsm["spatial"], covariance, scores, scores)
    >>> dpvae.tl.regions(adata, found)
    >>> float(adata.obs["spatial_dpvae_radius_90"].iloc[0].round(3))
    5.7
    """
    if len(found.coordinates) != adata.n_obs:
        message = (
            f"The regions belong to {len(found.coordinates)} cells, adata has {adata.n_obs}: give "
            "model.predict_regions(adata) of the same cells."
        )
        raise ValueError(message)
    if not np.array_equal(adata.obsm.get(key_added), found.coordinates):
        check_free_key(adata, key_added)
    radii = {level: found.radii(level) for level in levels}
    ellipses = {level: found.ellipses(level) for level in levels}
    drop_companions(adata, key_added)
    adata.obsm[key_added] = found.coordinates
    for level in levels:
        percent = f"{100 * level:g}"
        adata.obs[f"{key_added}_radius_{percent}"] = radii[level]
        adata.obsm[f"{key_added}_ellipse_{percent}"] = ellipses[level]
    params = {"levels": np.array(levels), "n_calibration_cells": len(found.disc_scores)}
    adata.uns[params_key(key_added)] = params
