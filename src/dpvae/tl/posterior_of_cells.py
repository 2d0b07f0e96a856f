"""Checks of a posterior that is given with its cells."""

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from dpvae._data.arguments import check_is_anndata
from dpvae.geometry import Posterior, known_rows

ROUNDING = 1e-6


def check_is_posterior(found: object, *, name: str) -> Posterior:
    """Give the posterior of the cells of this name; raise if it is none."""
    if isinstance(found, Posterior):
        return found
    message = (
        f"found is a {type(found).__name__}, not a posterior: give model.predict_posterior({name})."
    )
    raise TypeError(message)


def check_posterior_of(found: object, adata: AnnData, *, name: str = "adata") -> None:
    """Raise if a posterior is none, or not of the cells of the AnnData of this name."""
    check_is_anndata(adata, name=name)
    found = check_is_posterior(found, name=name)
    if len(found) != adata.n_obs:
        message = (
            f"The posterior is of {len(found)} cells, {name} has {adata.n_obs}: give "
            f"model.predict_posterior({name}) of the same cells."
        )
        raise ValueError(message)
    check_order(found.cells, adata, name=name)


def check_order(cells: pd.Index | None, adata: AnnData, *, name: str = "adata") -> None:
    """Raise if cells of which something was predicted are in another order in an AnnData.

    Parameters
    ----------
    cells
        Their names; ``None`` if they are not known.
    adata
        As many cells. Those that have got new names are taken for the same.
    name
        How messages call it.

    Raises
    ------
    ValueError
        If one of the names stands at another row.
    """
    if cells is None:
        return
    moved = np.flatnonzero((cells != adata.obs_names) & adata.obs_names.isin(cells))
    if len(moved):
        row = moved[0]
        message = (
            f"What was predicted is of cells in another order: row {row} is of {cells[row]!r}, but "
            f"in {name} of {adata.obs_names[row]!r}. Predict it of {name} again."
        )
        raise ValueError(message)


def distance_to_cells(
    found: Posterior, places: NDArray[np.float64], name: str
) -> NDArray[np.float64]:
    """Distance of each position to the cell of the reference that it names, 0 if measured.

    Parameters
    ----------
    found
        The posterior.
    places
        Of the cells of a reference, shape ``(n_cells, n_dims)``.
    name
        How the message calls them.

    Raises
    ------
    ValueError
        If these are not the cells that the positions are of: others are nearer; or if some have no
        place, since a fine-tuned model guessed it.
    """
    rows = found.reference_rows
    if found.positions.shape[1] == places.shape[1] and rows.max() < len(places):
        named = places[rows]
        if known_rows(named).all():
            distance = np.linalg.norm(named - found.positions, axis=1)
            rounding = ROUNDING * float(np.ptp(named, axis=0).max())
            nearest = cKDTree(named).query(found.positions)[0]
            if (distance <= nearest + rounding).all():
                return np.where(distance > rounding, distance, 0.0)
        elif found.position_errors is not None:
            message = (
                f"{int((~known_rows(named)).sum())} of the positions are guesses of a fine-tuned "
                f"model, and their cells have no place in {name}. Give a copy of these cells in "
                "which they have one: obsm[…][found.reference_rows] = found.positions."
            )
            raise ValueError(message)
    message = (
        f"The positions are not those of {name}: give the cells that the model was made with, in "
        "their order, and the key that it was set up with."
    )
    raise ValueError(message)
