"""Whether an AnnData that a model takes for its own is still what it was set up with."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from dpvae._expression import expression_name, value_kind
from dpvae._keys import OBSM, REGISTRY
from dpvae._section import section_codes, section_names
from dpvae.geometry import check_coordinate_rows, standard_coordinates
from dpvae.model.query import known_sections, section_column

KINDS = {
    "counts": "raw counts",
    "logarithms": "log-normalised values",
    "scaled": "scaled values (some are negative)",
}
TOLERANCE = 1e-6


def genes_of(registry: Mapping[str, Any]) -> pd.Index:
    """Names of the genes that a model was set up with, in its order."""
    genes: pd.Index = pd.Index(registry["field_registries"]["X"]["state_registry"]["column_names"])
    return genes


def check_same_kind(adata: AnnData, registry: Mapping[str, Any], *, name: str = "adata") -> None:
    """Raise if expression is of another kind than a model was set up with.

    Parameters
    ----------
    adata
        The cells.
    registry
        The registry of the model.
    name
        How messages call the cells.

    Raises
    ------
    ValueError
        If the reference held log-normalised values and these are counts or scaled, or the like.
    """
    layer = registry["setup_args"]["layer"]
    expected = registry["field_registries"]["X"]["state_registry"].get("kind")
    found = value_kind(adata, layer)
    if expected is None or found == expected:
        return
    message = (
        f"{expression_name(layer, name=name)} holds {KINDS[found]}, but the model was set up with "
        f"{KINDS[expected]}: give the cells with values of the same kind, prepared like the "
        "reference."
    )
    raise ValueError(message)


def check_as_set_up(adata: AnnData, registry: Mapping[str, Any], model_name: str) -> None:
    """Raise if cells, genes, sections or coordinates are others than at ``setup_anndata``.

    Parameters
    ----------
    adata
        The cells that the model was set up with.
    registry
        The registry of the model.
    model_name
        Its class, for the message.

    Raises
    ------
    ValueError
        With what has changed, and the call that registers it.
    """
    changed = _changed_shape(adata, registry) or _changed_place(adata, registry)
    if changed is None:
        return
    message = (
        f"{changed} since setup_anndata. Call dpvae.model.{model_name}.setup_anndata(adata, …) "
        "again and make the model anew; or give the model the cells as they were."
    )
    raise ValueError(message)


def check_own_places(adata: AnnData, registry: Mapping[str, Any]) -> None:
    """Raise if the sections or coordinates of a model's own cells have changed since its setup."""
    changed = _changed_place(adata, registry)
    if changed is None:
        return
    message = (
        f"{changed} since setup_anndata: places in the frame and unit of the model would not fit "
        "them. To place the cells as the model knows the tissue, pass a copy, adata.copy(); to "
        "train on what adata holds now, set it up again and make the model anew."
    )
    raise ValueError(message)


def _changed_shape(adata: AnnData, registry: Mapping[str, Any]) -> str | None:
    genes = genes_of(registry)
    n_cells = registry["field_registries"]["X"]["state_registry"]["n_obs"]
    if adata.n_obs != n_cells:
        return f"The number of cells of adata has changed ({n_cells} then, {adata.n_obs} now)"
    if adata.var_names.equals(genes):
        return None
    if len(genes) != adata.n_vars:
        return f"The number of genes of adata has changed ({len(genes)} then, {adata.n_vars} now)"
    is_reordered = set(genes) == set(adata.var_names)
    return f"The {'order' if is_reordered else 'names'} of the genes of adata has changed"


def _changed_place(adata: AnnData, registry: Mapping[str, Any]) -> str | None:
    setup = registry["setup_args"]
    column, key = section_column(setup), setup["spatial_key"]
    if column is not None and column in adata.obs:
        sections = registry["field_registries"][REGISTRY.section]
        codes = adata.obs[sections["data_registry"]["attr_key"]].to_numpy()
        then = np.asarray([str(name) for name in known_sections(registry)])[codes.astype(int)]
        if not np.array_equal(then, section_names(adata, column)):
            return f"adata.obs[{column!r}], which names the sections, has changed"
    if key not in adata.obsm or OBSM.centred not in adata.obsm:
        return None
    name = f"adata.obsm[{key!r}]"
    places = check_coordinate_rows(adata.obsm[key], name=name)
    now = standard_coordinates(places, section_codes(adata, column), 1.0)
    then = np.asarray(adata.obsm[OBSM.centred], dtype=np.float64)
    then = standard_coordinates(then, section_codes(adata, column), 1.0)  # of the cells left
    if now.shape == then.shape and np.array_equal(np.isnan(now), np.isnan(then)):
        size = max(np.nanmax(np.abs(then), initial=0.0), np.nanmax(np.abs(now), initial=0.0))
        if np.nanmax(np.abs(now - then), initial=0.0) <= TOLERANCE * size:
            return None
    spread = " (spread {:.4g} then, {:.4g} now)".format(*(np.nanstd(x) for x in (then, now)))
    return f"{name} has changed{spread}"
