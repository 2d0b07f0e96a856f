"""The anchors that a user names."""

from typing import Any

import numpy as np
from anndata import AnnData
from numpy.typing import ArrayLike, NDArray

from dpvae._data.section import cells_per_section
from dpvae.geometry import check_coordinate_rows, known_rows


def check_anchors(
    anchors: ArrayLike | None, adata: AnnData, spatial_key: str, names: NDArray[np.str_]
) -> NDArray[np.bool_] | None:
    """Check the ``anchors`` argument of ``predict_coordinates``.

    Parameters
    ----------
    anchors
        ``"reference"``, ``None``, or a boolean mask of the cells of ``adata``.
    adata
        The cells to place.
    spatial_key
        Key of their coordinates in ``adata.obsm``.
    names
        Name of each cell's section.

    Returns
    -------
    The mask, or ``None`` if no mask was given.

    Raises
    ------
    ValueError
        If the mask is no mask, has the wrong length, or marks cells without a place.
    """
    if anchors is None:
        return None
    mask: NDArray[Any] = np.asarray(anchors)
    if mask.ndim == 0 and str(mask) == "reference":
        return None
    if mask.dtype != bool or mask.shape != (adata.n_obs,):
        found = repr(anchors) if mask.ndim == 0 else f"{mask.dtype} of shape {mask.shape}"
        message = (
            f"anchors is {found}: give 'reference', None, or a boolean mask of the {adata.n_obs} "
            "cells."
        )
        raise ValueError(message)
    if spatial_key not in adata.obsm:
        message = (
            f"Anchors were given but there is no adata.obsm[{spatial_key!r}] with their places."
        )
        raise KeyError(message)
    name = f"adata.obsm[{spatial_key!r}]"
    unknown = mask & ~known_rows(check_coordinate_rows(adata.obsm[spatial_key], name=name))
    if unknown.any():
        message = (
            f"{int(unknown.sum())} of {int(mask.sum())} anchors have no place in {name} (NaN): "
            "take them out of the mask."
        )
        raise ValueError(message)
    for section, cells in cells_per_section(names):
        if not mask[cells].any():
            message = f"Section {section!r} has no anchor: mark at least one of its cells."
            raise ValueError(message)
    return mask
