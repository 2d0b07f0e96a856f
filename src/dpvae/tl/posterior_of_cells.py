"""Checks of a posterior that is given with its cells."""

import numpy as np
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
    """Raise if a posterior is none, or not of as many cells as the AnnData of this name has."""
    check_is_anndata(adata, name=name)
    found = check_is_posterior(found, name=name)
    if len(found) != adata.n_obs:
        message = (
            f"The posterior is of {len(found)} cells, {name} has {adata.n_obs}: give "
            f"model.predict_posterior({name}) of the same cells."
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
        If these are not the cells that the positions are of: others are nearer.
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
    message = (
        f"The positions are not those of {name}: give the cells that the model was made with, in "
        "their order, and the key that it was set up with."
    )
    raise ValueError(message)
