"""Regressions of places on latents, as many as the cells allow."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from dpvae.geometry.regression.neighbors import fit_neighbors
from dpvae.geometry.regression.principal_axes import principal_axes
from dpvae.geometry.regression.regression import Regression
from dpvae.geometry.regression.ridge import fit_affine, fit_quadratic

Points = NDArray[np.float64]
Rows = NDArray[np.int64]

FEWEST_FOR_NEIGHBORS = 20
FEWEST_FOR_QUADRATIC = 30


def fit_on_latents(latent: Points, places: Points, left_out: Rows) -> dict[str, Regression]:
    """Fit an affine regression, from 20 cells on neighbours, and from 30 on a quadratic one.

    Parameters
    ----------
    latent
        z of cells of known place, scaled by :func:`standardized`, shape ``(n_cells, n_latent)``.
    places
        Their places, shape ``(n_cells, n_dims)``.
    left_out
        Row numbers of the cells that the others are to predict, shape ``(n_left_out,)``.

    Returns
    -------
    The regressions by name. Time O(n_cells n_latent⁴), memory O(n_cells n_latent²).
    """
    fits: dict[str, Callable[[Points, Points, Rows], Regression]] = {"affine": fit_affine}
    if len(places) >= FEWEST_FOR_NEIGHBORS:
        fits["neighbors"] = fit_neighbors
    if len(places) >= FEWEST_FOR_QUADRATIC:
        fits["quadratic"] = fit_quadratic
    return {name: fit(latent, places, left_out) for name, fit in fits.items()}


def standardized(latent: Points, *others: Points) -> list[Points]:
    """Latents on their principal axes, divided by one common standard deviation.

    Parameters
    ----------
    latent
        z of the cells that determine axes, centre and deviation, shape ``(n_cells, n_latent)``.
    others
        z of other cells that are turned, moved and divided in the same way.

    Returns
    -------
    Both, in the order given, with as many columns as there are axes along which latents vary, and
    one at least.
    """
    center, deviation = latent.mean(axis=0), float(np.sqrt(latent.var(axis=0).mean())) or 1.0
    axes, _ = principal_axes(latent - center)
    if axes.shape[1] == 0:
        axes = np.eye(latent.shape[1], 1)
    return [(points - center) @ axes / deviation for points in (latent, *others)]
