"""Checks of latents, of the distance scale and of layouts."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dpvae._data.numbers import floats_of
from dpvae.geometry.coordinates import check_coordinates, known_rows


def check_latent(
    latent: ArrayLike, *, name: str = "latent", n_cells: int | None = None
) -> NDArray[np.float64]:
    """Validate latent representations.

    Parameters
    ----------
    latent
        Shape ``(n_cells, n_latent)``.
    name
        How messages call the array. By default ``"latent"``.
    n_cells
        The number of rows that it must have. By default any.

    Returns
    -------
    The same numbers as float64, shape ``(n_cells, n_latent)``.

    Raises
    ------
    ValueError
        If the array is not 2-D, has no column, holds NaN or infinities, or has another number of
        rows than ``n_cells``.

    Examples
    --------
    >>> from dpvae.geometry import check_latent
    >>> check_latent([[0, 1, 2], [3, 4, 5]]).shape
    (2, 3)
    """
    values = floats_of(latent, name)
    if values.ndim != 2 or values.shape[1] == 0:
        message = f"{name} has shape {values.shape}; pass an array of shape (cells, dimensions)."
        raise ValueError(message)
    if n_cells is not None and len(values) != n_cells:
        message = f"{name} has {len(values)} rows; {n_cells} are needed, one for each cell."
        raise ValueError(message)
    n_bad = int((~np.isfinite(values).all(axis=1)).sum())
    if n_bad:
        message = (
            f"{name} has NaN or infinite values in {n_bad} of {len(values)} cells; "
            "leave these cells out or compute their latents again."
        )
        raise ValueError(message)
    return values


def check_distance_scale(distance_scale: float) -> float:
    """Validate λ, the latent distance per unit of tissue distance.

    Parameters
    ----------
    distance_scale
        λ, in latent units per coordinate unit.

    Returns
    -------
    The same number.

    Raises
    ------
    ValueError
        If it is not positive and finite.

    Examples
    --------
    >>> from dpvae.geometry import check_distance_scale
    >>> check_distance_scale(2.0)
    2.0
    """
    if not (np.isfinite(distance_scale) and distance_scale > 0):
        message = (
            f"distance_scale is {distance_scale}; it must be positive and finite, for instance "
            "the value that fit_distance_scale returns."
        )
        raise ValueError(message)
    return float(distance_scale)


def check_layout(
    latent: ArrayLike, layout_latent: ArrayLike, layout_coordinates: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Validate new cells and the cells of known place that they are placed by.

    Parameters
    ----------
    latent
        z of the new cells, shape ``(n_new, n_latent)``.
    layout_latent
        z of the layout, shape ``(n_cells, n_latent)``.
    layout_coordinates
        s of the layout, shape ``(n_cells, 2)`` or ``(n_cells, 3)``. Rows of NaN are left out.

    Returns
    -------
    All three as float64, of the layout only the cells of known place.

    Raises
    ------
    ValueError
        If one is malformed or they do not belong together.
    """
    places = check_coordinates(layout_coordinates, name="layout_coordinates")
    known = known_rows(places)
    places = places[known]
    layout_values = floats_of(layout_latent, "layout_latent")
    if len(layout_values) != len(known):
        message = (
            f"layout_latent has {len(layout_values)} rows and layout_coordinates {len(known)}; "
            "both need one row for each cell of the layout."
        )
        raise ValueError(message)
    layout_values = check_latent(layout_values[known], name="layout_latent")
    values = check_latent(latent)
    if values.shape[1] != layout_values.shape[1]:
        message = (
            f"latent has {values.shape[1]} dimensions and layout_latent {layout_values.shape[1]}; "
            "both must come from the same encoder."
        )
        raise ValueError(message)
    return values, layout_values, places
