"""Reading representations and coordinates from an AnnData, and writing coordinates into it."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from dpvae._data.arguments import check_is_anndata
from dpvae._data.numbers import numbers_of
from dpvae._keys import OBSM, params_key
from dpvae.geometry import Placement, check_coordinate_rows, check_pair_mask

COMPANION = re.compile(r"_residual|_expected_error|_(radius|ellipse)_[\d.]+")


def read_representation(adata: AnnData, use_rep: str) -> NDArray[Any]:
    """Latent representation of the cells, ``adata.obsm[use_rep]``."""
    _check_key(adata, use_rep, "the latent representation of the cells", "use_rep")
    return numbers_of(adata.obsm[use_rep], f"adata.obsm[{use_rep!r}]")


def read_coordinates(
    adata: AnnData, key: str, *, name: str = "adata", argument: str = "spatial_key"
) -> NDArray[np.float64]:
    """Coordinates of the cells, ``adata.obsm[key]``; rows of NaN are unknown places."""
    _check_key(adata, key, "the coordinates of the cells", argument, name)
    return check_coordinate_rows(adata.obsm[key], name=f"{name}.obsm[{key!r}]")


def read_mask(adata: AnnData, mask_key: str) -> csr_matrix:
    """Pair mask ``adata.obsp[mask_key]``."""
    if mask_key not in adata.obsp:
        found = sorted(adata.obsp) or "nothing"
        message = (
            f"There is no adata.obsp[{mask_key!r}]; obsp has {found}. Make a mask with "
            "dpvae.tl.pair_mask(adata)."
        )
        raise KeyError(message)
    return check_pair_mask(adata.obsp[mask_key], adata.n_obs, name=f"adata.obsp[{mask_key!r}]")


def check_free_key(adata: AnnData, key: str) -> None:
    """Raise where a result would overwrite something that this package did not write."""
    check_name(key)
    ours = isinstance(adata.uns.get(params_key(key)), dict)
    if key == OBSM.spatial or (key in adata.obsm and not ours):
        message = (
            f"adata.obsm[{key!r}] exists and would be overwritten: choose another key_added=…"
            if key in adata.obsm
            else f"key_added={key!r} is kept for measured coordinates: choose another key_added=…"
        )
        raise ValueError(message)


def check_name(key: str) -> None:
    """Raise if a key cannot be written to a file."""
    if not isinstance(key, str) or not key or "/" in key:
        message = (
            f"key_added is {key!r}: give a text without a slash, which h5ad files cannot have in a "
            "key."
        )
        raise ValueError(message)


def drop_companions(adata: AnnData, key: str) -> None:
    """Delete what was written beside earlier coordinates of this key: it is of other places."""
    for name in list(adata.obs):
        if COMPANION.fullmatch(str(name).removeprefix(key)) and str(name).startswith(key):
            del adata.obs[name]
    for name in list(adata.obsm):
        if COMPANION.fullmatch(name.removeprefix(key)) and name.startswith(key):
            del adata.obsm[name]


def write_coordinates(
    adata: AnnData,
    key: str,
    coordinates: NDArray[np.float64],
    placements: Mapping[str, Placement],
    section: NDArray[np.str_],
    params: Mapping[str, Any],
) -> None:
    """Write coordinates into ``obsm``, confidence into ``obs``, and the how into ``uns``."""
    drop_companions(adata, key)
    adata.obsm[key] = coordinates
    for name in ("residual", "expected_error"):
        values = np.full(adata.n_obs, np.nan)
        for part, placement in placements.items():
            found = getattr(placement, name)
            if found is not None:
                values[section == part] = found
        if np.isfinite(values).any():
            adata.obs[f"{key}_{name}"] = values
    adata.uns[params_key(key)] = {
        **{name: value for name, value in params.items() if value is not None},
        "sections": pd.DataFrame(
            {
                "section": list(placements),
                "stress": [placement.stress for placement in placements.values()],
                "n_iterations": [placement.n_iterations for placement in placements.values()],
                "converged": [placement.converged for placement in placements.values()],
                "solver": [placement.solver for placement in placements.values()],
                "validated_error": [_validated_error(p) for p in placements.values()],
            }
        ),
    }


def _validated_error(placement: Placement) -> float:
    errors = {} if placement.blend is None else placement.blend.errors
    return float(errors.get("blend", np.nan))


def _check_key(adata: AnnData, key: str, content: str, argument: str, name: str = "adata") -> None:
    check_is_anndata(adata, name=name)
    if key not in adata.obsm:
        found = sorted(adata.obsm) or "nothing"
        message = (
            f"There is no {name}.obsm[{key!r}] with {content}; obsm has {found}. Name the right "
            f"key with {argument}=…"
        )
        raise KeyError(message)
