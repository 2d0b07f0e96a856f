"""Reading representations and coordinates from an AnnData, and writing coordinates into it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray

from dpvae._keys import OBSM
from dpvae.geometry import Placement, check_coordinate_rows


def read_representation(adata: AnnData, use_rep: str) -> NDArray[Any]:
    """Latent representation of the cells, ``adata.obsm[use_rep]``."""
    _check_key(adata, use_rep, "the latent representation of the cells", "use_rep")
    return np.asarray(adata.obsm[use_rep])


def read_coordinates(adata: AnnData, spatial_key: str) -> NDArray[np.float64]:
    """Coordinates of the cells, ``adata.obsm[spatial_key]``; rows of NaN are unknown places."""
    _check_key(adata, spatial_key, "the coordinates of the cells", "spatial_key")
    name = f"adata.obsm[{spatial_key!r}]"
    return check_coordinate_rows(adata.obsm[spatial_key], name=name)


def check_free_key(adata: AnnData, key: str) -> None:
    """Raise where a result would overwrite something that this package did not write."""
    ours = isinstance(adata.uns.get(key), dict) and "params" in adata.uns[key]
    if key == OBSM.spatial or (key in adata.obsm and not ours):
        message = (
            f"adata.obsm[{key!r}] exists and would be overwritten: choose another key_added=…"
            if key in adata.obsm
            else f"key_added={key!r} is kept for measured coordinates: choose another key_added=…"
        )
        raise ValueError(message)


def write_coordinates(
    adata: AnnData,
    key: str,
    coordinates: NDArray[np.float64],
    placements: Mapping[str, Placement],
    params: Mapping[str, Any],
) -> None:
    """Write coordinates into ``obsm``, and how they were found into ``uns``."""
    adata.obsm[key] = coordinates
    adata.uns[key] = {
        "params": {name: value for name, value in params.items() if value is not None},
        "sections": pd.DataFrame(
            {
                "section": list(placements),
                "stress": [placement.stress for placement in placements.values()],
                "n_iterations": [placement.n_iterations for placement in placements.values()],
                "converged": [placement.converged for placement in placements.values()],
                "solver": [placement.solver for placement in placements.values()],
            }
        ),
    }


def _check_key(adata: AnnData, key: str, content: str, argument: str) -> None:
    if key not in adata.obsm:
        found = sorted(adata.obsm) or "nothing"
        message = (
            f"There is no adata.obsm[{key!r}] with {content}; obsm has {found}. Name the right "
            f"key with {argument}=…"
        )
        raise KeyError(message)
