"""Placement of cells section by section, and what is written of it."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray

from dpvae._data.culprit import named_in_errors
from dpvae._data.section import cells_per_section
from dpvae._keys import params_key
from dpvae.geometry import Placement

COMPANION = re.compile(
    r"_residual|_expected_error|_(radius|region)_[\d.]+|_(second_)?mode|_(mode|second)_share"
    r"|_entropy|_unlikeness"
)


def place_sections(
    adata: AnnData,
    section: NDArray[np.str_],
    place: Callable[[NDArray[np.bool_]], Placement],
    *,
    arrays: tuple[str, ...],
    key_added: str,
    params: Mapping[str, Any],
    copy: bool,
) -> NDArray[np.float64] | None:
    """Place the cells of each section, and write the coordinates or return them.

    Parameters
    ----------
    adata
        The cells.
    section
        Name of each cell's section, shape ``(n_cells,)``.
    place
        Gives the placement of the cells of a mask.
    arrays
        Names of what it reads, for messages.
    key_added
        Key of the result in ``obsm``.
    params
        Settings, to be written; those that are ``None`` are not.
    copy
        Whether to return the coordinates instead of writing them.

    Raises
    ------
    ValueError
        If there are no cells, or a section cannot be placed. Nothing is written then.
    """
    placements = {}
    for name, cells in cells_per_section(section):
        with named_in_errors(*arrays, section=name):
            placements[name] = place(cells)
    if not placements:
        message = "adata has no cells: there is nothing to place."
        raise ValueError(message)
    n_dims = next(iter(placements.values())).coordinates.shape[1]
    coordinates = np.empty((adata.n_obs, n_dims))
    for name, placement in placements.items():
        coordinates[section == name] = placement.coordinates
    if copy:
        return coordinates
    write_coordinates(adata, key_added, coordinates, placements, section, params)
    return None


def drop_companions(adata: AnnData, key: str) -> None:
    """Delete what was written with earlier coordinates of this key: it belongs to other places."""
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
