"""Coordinates of cells as they stand in ``adata.obsm``, checked before anything is drawn."""

import anndata as ad
import numpy as np
from numpy.typing import NDArray

from dpvae._data.arguments import check_is_anndata
from dpvae.geometry.alignment.procrustes import align as procrustes
from dpvae.geometry.coordinates import check_coordinate_rows, known_rows


def read_coordinates(adata: ad.AnnData, key: str) -> NDArray[np.float64]:
    """Coordinates ``adata.obsm[key]``, shape (n_cells, 2 or 3); NaN rows are unknown places.

    Raises
    ------
    KeyError
        If there is no such key.
    ValueError
        If the array is not of that shape, is infinite or partly NaN within a row, or if no cell
        has a known place.
    """
    check_is_anndata(adata)
    name = f"adata.obsm[{key!r}]"
    if key not in adata.obsm:
        message = f"{name} is missing; the keys of adata.obsm are: {', '.join(adata.obsm) or '-'}."
        raise KeyError(message)
    coordinates = check_coordinate_rows(adata.obsm[key], name=name)
    if not known_rows(coordinates).any():
        message = f"{name} has no cell with a known place: there is nothing to draw."
        raise ValueError(message)
    return coordinates


def read_pair(
    adata: ad.AnnData, spatial_key: str, recovered_key: str, *, align: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Read true and recovered coordinates, shape (n_cells, n_dims) each.

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
    recovered = read_coordinates(adata, recovered_key)
    if true.shape != recovered.shape:
        message = (
            f"adata.obsm[{spatial_key!r}] has {true.shape[1]} dimensions and "
            f"adata.obsm[{recovered_key!r}] has {recovered.shape[1]}; they must agree."
        )
        raise ValueError(message)
    if align:
        recovered = procrustes(recovered, true).apply(recovered)
    return true, recovered
