"""Coordinates that a query brings, in the unit of the reference."""

import numpy as np
from anndata import AnnData
from numpy.typing import NDArray

from dpvae._keys import UNIT, params_key
from dpvae.geometry import check_coordinate_rows
from dpvae.model.data.setup import Setup


def given_coordinates(cells: AnnData, setup: Setup) -> NDArray[np.float64]:
    """Read the coordinates of cells that a model is to learn from, or to place others around.

    Parameters
    ----------
    cells
        The cells, with coordinates.
    setup
        How the model was set up.

    Returns
    -------
    Shape ``(n_cells, 2)`` or ``(n_cells, 3)``; rows of NaN are cells of unknown place.

    Raises
    ------
    ValueError
        If they cannot be used, or are in another unit than the reference, as far as units are
        known.
    """
    key = setup.spatial_key
    found = unit_name(cells, key)
    if None not in (found, setup.unit_name) and found != setup.unit_name:
        message = (
            f"adata.obsm[{key!r}] is in the unit {found!r}, the reference in {setup.unit_name!r}: "
            "read both in the same unit, dpvae.io.table_of(sdata, coordinate_system=…)."
        )
        raise ValueError(message)
    return check_coordinate_rows(cells.obsm[key], name=f"adata.obsm[{key!r}]")


def unit_name(adata: AnnData, spatial_key: str) -> str | None:
    """Name of the unit of coordinates, as :func:`dpvae.io.table_of` writes it, if it is known."""
    params = adata.uns.get(params_key(spatial_key), {})
    name = params.get(UNIT) if hasattr(params, "get") else None
    return None if name is None else str(name)
