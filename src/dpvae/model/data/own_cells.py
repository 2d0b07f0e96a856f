"""Whether the AnnData of a model is still as it was set up."""

import numpy as np
import pandas as pd
from anndata import AnnData

from dpvae._data.expression import expression_name, value_kind
from dpvae._data.names import as_text
from dpvae._data.section import section_codes, section_names
from dpvae._keys import OBSM
from dpvae.geometry import check_coordinate_rows, standard_coordinates
from dpvae.model.data.minified import UUID, is_minified
from dpvae.model.data.setup import Setup

KINDS = {
    "counts": "raw counts",
    "logarithms": "log-normalised values",
    "scaled": "scaled values (some are negative)",
}
TOLERANCE = 1e-6
ROUNDING = 4.0 * np.finfo(float).eps


def check_same_kind(adata: AnnData, setup: Setup, *, name: str = "adata") -> None:
    """Raise if expression is of another kind than a model was set up with.

    Parameters
    ----------
    adata
        The cells.
    setup
        How the model was set up.
    name
        How messages call the cells.

    Raises
    ------
    ValueError
        If the reference held log-normalised values and these are counts or scaled, or the like.
    """
    found = value_kind(adata, setup.layer)
    if setup.kind is None or found == setup.kind:
        return
    where = expression_name(setup.layer, name=name)
    message = (
        f"{where} holds {KINDS[found]}, but the model was set up with {KINDS[setup.kind]}: give "
        "the cells with values of the same kind, prepared like the reference."
    )
    raise ValueError(message)


def check_as_set_up(adata: AnnData, setup: Setup) -> None:
    """Raise if cells, genes, sections or coordinates changed since ``setup_anndata``.

    Parameters
    ----------
    adata
        The cells that the model was set up with.
    setup
        How the model was set up.

    Raises
    ------
    ValueError
        With what has changed, and the call that registers it.
    """
    changed = (
        _changed_shape(adata, setup)
        or _changed_sections(adata, setup)
        or _changed_coordinates(adata, setup)
    )
    if changed is not None:
        message = (
            f"{changed} since setup_anndata. Call dpvae.model.{setup.model_name}."
            "setup_anndata(adata, …) again and make the model anew; or give the model the cells as "
            "they were."
        )
        raise ValueError(message)
    if not is_minified(adata):
        check_same_kind(adata, setup)


def check_own_places(adata: AnnData, setup: Setup, *, with_coordinates: bool) -> None:
    """Raise if the sections of a model's own cells, or their coordinates, have changed since setup.

    Parameters
    ----------
    adata
        The cells that the model was set up with.
    setup
        How the model was set up.
    with_coordinates
        Whether to look at the coordinates, too.
    """
    changed = _changed_sections(adata, setup)
    is_there = setup.spatial_key in adata.obsm
    if changed is None and with_coordinates and is_there:
        changed = _changed_coordinates(adata, setup)
    if changed is not None:
        message = (
            f"{changed} since setup_anndata: what the model says would not fit them. For the cells "
            "in the frame and unit that the model knows, pass a copy, adata.copy(); to train on "
            "what adata holds now, set it up again and make the model anew."
        )
        raise ValueError(message)


def _changed_shape(adata: AnnData, setup: Setup) -> str | None:
    genes, n_cells = setup.genes, setup.n_cells
    if UUID not in adata.uns:
        return "The registration of adata (in adata.uns) was deleted"
    if adata.n_obs != n_cells:
        return f"The number of cells of adata has changed ({n_cells} then, {adata.n_obs} now)"
    if adata.var_names.equals(genes):
        return None
    if len(genes) != adata.n_vars:
        return f"The number of genes of adata has changed ({len(genes)} then, {adata.n_vars} now)"
    is_reordered = set(genes) == set(adata.var_names)
    return f"The {'order' if is_reordered else 'names'} of the genes of adata has changed"


def _changed_sections(adata: AnnData, setup: Setup) -> str | None:
    column, codes = setup.section_key, setup.code_column
    if column is None:
        return None
    for key in (column, codes):
        if key not in adata.obs:
            return f"adata.obs[{key!r}], which names the sections, was deleted"
    names = as_text(pd.Series(setup.sections)).to_numpy()
    if np.array_equal(names[adata.obs[codes].to_numpy(int)], section_names(adata, column)):
        return None
    return f"adata.obs[{column!r}], which names the sections, has changed"


def _changed_coordinates(adata: AnnData, setup: Setup) -> str | None:
    key = setup.spatial_key
    if OBSM.centered not in adata.obsm:
        return None
    if key not in adata.obsm:
        was_known = bool(np.isfinite(np.asarray(adata.obsm[OBSM.centered])).any())
        return f"adata.obsm[{key!r}] was deleted" if was_known else None
    name = f"adata.obsm[{key!r}]"
    section = section_codes(adata, setup.section_key)
    then, now = (  # centred at the cells that are left, if some were taken out
        standard_coordinates(check_coordinate_rows(adata.obsm[k], name=name), section, 1.0)
        for k in (OBSM.centered, key)
    )
    if now.shape == then.shape and np.array_equal(np.isnan(now), np.isnan(then)):
        size = max(np.nanmax(np.abs(x), initial=0.0) for x in (then, now))
        rounding = ROUNDING * np.nanmax(np.abs(check_coordinate_rows(adata.obsm[key])), initial=0.0)
        if np.nanmax(np.abs(now - then), initial=0.0) <= TOLERANCE * size + rounding:
            return None
    return f"{name} has changed (spread {np.nanstd(then):.4g} then, {np.nanstd(now):.4g} now)"
