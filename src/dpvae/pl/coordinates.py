"""Coordinates that can be drawn."""

import anndata as ad
import numpy as np
from numpy.typing import NDArray

from dpvae._data.culprit import obsm_name
from dpvae.geometry import align as procrustes
from dpvae.geometry import known_rows
from dpvae.tl.coordinates import read_coordinates as stored_coordinates


def read_coordinates(
    adata: ad.AnnData, key: str, *, argument: str = "spatial_key"
) -> NDArray[np.float64]:
    """Coordinates to draw, ``adata.obsm[key]``, shape ``(n_cells, 2 or 3)``.

    Raises
    ------
    KeyError
        If there is no such key.
    ValueError
        If the array is malformed, or no cell has a known place.
    """
    coordinates = stored_coordinates(adata, key, argument=argument)
    if not known_rows(coordinates).any():
        message = f"{obsm_name(key)} has no cell with a known place: there is nothing to draw."
        raise ValueError(message)
    return coordinates


def read_pair(
    adata: ad.AnnData, spatial_key: str, recovered_key: str, *, align: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Read true and recovered coordinates, shape ``(n_cells, n_dims)`` each.

    Parameters
    ----------
    adata
        Cells.
    spatial_key, recovered_key
        Keys of ``adata.obsm``.
    align
        Whether to bring the recovered coordinates onto the true ones by Procrustes.

    Raises
    ------
    KeyError
        If a key is missing.
    ValueError
        If one of them cannot be drawn or their dimensions differ.
    """
    true = read_coordinates(adata, spatial_key)
    recovered = read_coordinates(adata, recovered_key, argument="recovered_key")
    if true.shape != recovered.shape:
        message = (
            f"{obsm_name(spatial_key)} has {true.shape[1]} dimensions and "
            f"{obsm_name(recovered_key)} has {recovered.shape[1]}; they must agree."
        )
        raise ValueError(message)
    if align:
        recovered = procrustes(recovered, true).apply(recovered)
    return true, recovered
