"""Checks of anchors, and what they leave open."""

import warnings

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dpvae._data.numbers import floats_of
from dpvae.geometry.alignment.procrustes import align
from dpvae.geometry.coordinates import check_coordinate_rows

FLAT = 1e-6


def check_anchors(
    anchor_coordinates: ArrayLike, is_anchor: ArrayLike, n_cells: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Validate anchors and pick their places.

    Parameters
    ----------
    anchor_coordinates
        Shape ``(n_cells, 2)`` or ``(n_cells, 3)``. Rows of other cells are ignored.
    is_anchor
        Boolean mask of shape ``(n_cells,)``.
    n_cells
        How many cells there are.

    Returns
    -------
    Row numbers of the anchors, shape ``(n_anchors,)``, and their places, shape
    ``(n_anchors, n_dims)``.

    Raises
    ------
    ValueError
        If a shape or type is wrong, there is no anchor, or an anchor's place is not finite.
    """
    mask = np.asarray(is_anchor)
    if mask.dtype != np.bool_ or mask.shape != (n_cells,):
        message = (
            f"is_anchor has type {mask.dtype} and shape {mask.shape}; "
            f"pass a boolean mask of shape ({n_cells},)."
        )
        raise ValueError(message)
    cells = np.flatnonzero(mask)
    if len(cells) == 0:
        message = "no cell is an anchor; use place_free for a layout without a frame."
        raise ValueError(message)
    given = floats_of(anchor_coordinates, "anchor_coordinates")
    if len(given) != n_cells:
        message = f"anchor_coordinates has {len(given)} rows; latent has {n_cells}."
        raise ValueError(message)
    places = check_coordinate_rows(given[cells], name="anchor_coordinates")
    n_unknown = int(np.isnan(places).any(axis=1).sum())
    if n_unknown:
        message = (
            f"{n_unknown} of {len(cells)} anchors have NaN coordinates; unmark them in is_anchor."
        )
        raise ValueError(message)
    return cells, places


def motion_is_fixed(places: NDArray[np.float64]) -> bool:
    """Whether anchors fix rotation and reflection; warn what is undetermined if they do not.

    Parameters
    ----------
    places
        Places of the anchors, shape ``(n_anchors, n_dims)``.

    Returns
    -------
    Whether there are more anchors than dimensions, in general position.

    Warns
    -----
    UserWarning
        If there are fewer, or all lie in one point, on one line or in one plane.
    """
    n_anchors, n_dims = places.shape
    spread = np.linalg.svd(places - places.mean(axis=0), compute_uv=False)
    rank = int((spread > FLAT * spread[0]).sum())
    if rank == n_dims:
        return True
    shape, left_open = {
        0: ("in one point", "the rotation about that point and the reflection"),
        n_dims - 1: ("on one line" if n_dims == 2 else "in one plane", "the reflection across it"),
    }.get(rank, ("on one line", "the rotation about that line and the reflection"))
    remedy = f"Give {n_dims + 1} or more anchors in general position to fix the frame."
    if rank == 2 and n_anchors > n_dims:
        remedy += " If the tissue is flat, give two coordinates of each cell instead of three."
    message = (
        f"The anchors ({n_anchors}) lie {shape}: they fix the shift of the layout but leave "
        f"{left_open} undetermined. {remedy}"
    )
    warnings.warn(message, UserWarning, stacklevel=3)
    return False


def moved_onto(
    layout: NDArray[np.float64], cells: NDArray[np.int64], places: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Move a layout onto its anchors by shift, rotation and reflection.

    Parameters
    ----------
    layout
        Shape ``(n_cells, n_dims)``, in tissue units.
    cells
        Row numbers of the anchors, shape ``(n_anchors,)``.
    places
        Their places, shape ``(n_anchors, n_dims)``.

    Returns
    -------
    The moved layout, shape ``(n_cells, n_dims)``.
    """
    anchors = layout[cells]
    if (places == places[0]).all() or (anchors == anchors[0]).all():
        return np.asarray(layout + (places.mean(axis=0) - anchors.mean(axis=0)))
    return align(anchors, places, with_scale=False).apply(layout)
