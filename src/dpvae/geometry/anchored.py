import warnings

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dpvae.geometry.coordinates import check_coordinate_rows
from dpvae.geometry.frame import AnchoredFrame
from dpvae.geometry.free import check_stopping, place_free
from dpvae.geometry.latent import check_distance_scale, check_latent
from dpvae.geometry.placement import Placement
from dpvae.geometry.procrustes import align
from dpvae.geometry.scale import fit_distance_scale
from dpvae.geometry.smacof import majorise

FLAT = 1e-6


def place_anchored(
    latent: ArrayLike,
    anchor_coordinates: ArrayLike,
    is_anchor: ArrayLike,
    *,
    distance_scale: float | None = None,
    penalty: float | None = None,
    max_iter: int = 300,
    tol: float = 1e-6,
    seed: int = 0,
) -> Placement:
    """Place all cells of a data set together, some of them held where they are known to be.

    Hard anchors minimise eq. 6 of Zhou & Du 2024 (arXiv:2408.00911) with unit weights,

        Σ_{i<j} (‖ŝ_i − ŝ_j‖ − ‖z_i − z_j‖/λ)²  subject to  ŝ_i = s_i for the anchors (eq. 7);

    soft anchors minimise the same sum plus n μ Σ_anchors ‖ŝ_i − s_i‖². The factor n, the number of
    cells, lets μ keep its meaning for any number of cells: at μ = 1 an anchor's given place weighs
    as much as all its distances together. The start is the free placement, aligned with the anchors
    by shift, rotation and reflection; the restricted majorisation has a closed form.

    Parameters
    ----------
    latent
        z, shape (n, d).
    anchor_coordinates
        s, shape (n, 2) or (n, 3), in tissue units. Rows of other cells are ignored, and may be NaN.
    is_anchor
        Mask of shape (n,).
    distance_scale
        λ, latent units per tissue unit. Default: fitted to the anchors
        (:func:`fit_distance_scale`).
    penalty
        μ > 0. Default ``None``: hard anchors, whose rows come back bit by bit.
    max_iter
        The largest number of iterations, for the start and for the majorisation. Default 300.
    tol
        Stop when the root of the objective falls by less than this fraction, up to 5,000 cells.
        Default 1e-6.
    seed
        Seed of the random windows and pairs. Default 0.

    Returns
    -------
    The placement, with coordinates of shape (n, p). Its stress runs over all pairs, anchors
    included.

    Raises
    ------
    ValueError
        If an input is malformed, there is no anchor, an anchor's coordinates are NaN, λ cannot be
        fitted, or an option is out of range.

    Warns
    -----
    UserWarning
        If the anchors, being fewer than p + 1 or on one line or plane, leave a rotation or
        reflection open.

    Notes
    -----
    Memory O(n (d + p)). Up to 5,000 cells O(n² d) time for each iteration; above, sweeps against
    fresh windows of 250 random cells, as in :func:`place_free`.

    Examples
    --------
    >>> import numpy as np
    >>> from dpvae.geometry import place_anchored
    >>> tissue = np.random.default_rng(0).uniform(size=(40, 2))
    >>> latent = np.hstack([2.0 * tissue, np.zeros((40, 3))])
    >>> is_anchor = np.arange(40) < 5
    >>> known = np.where(is_anchor[:, None], tissue, np.nan)
    >>> placement = place_anchored(latent, known, is_anchor)
    >>> bool(np.allclose(placement.coordinates, tissue))
    True
    """
    values = check_latent(latent)
    cells, places = _check_anchors(anchor_coordinates, is_anchor, len(values))
    if penalty is not None and not (np.isfinite(penalty) and penalty > 0):
        message = f"penalty is {penalty}; pass a positive number, or None for hard anchors."
        raise ValueError(message)
    check_stopping(max_iter, tol)
    scale = (
        fit_distance_scale(values[cells], places, seed=seed)
        if distance_scale is None
        else check_distance_scale(distance_scale)
    )
    _warn_if_motion_is_open(places)
    free = place_free(
        values,
        n_dims=places.shape[1],
        distance_scale=scale,
        max_iter=max_iter,
        tol=tol,
        seed=seed,
    )
    start = _moved_onto(free.coordinates, cells, places)
    frame = AnchoredFrame(cells, np.ascontiguousarray(places.T), penalty)
    if penalty is None:
        start[cells] = places
    return majorise(
        np.ascontiguousarray(values.T) / scale,
        np.ascontiguousarray(start.T),
        frame,
        max_iter=max_iter,
        tol=tol,
        seed=seed,
    )


def _check_anchors(
    anchor_coordinates: ArrayLike, is_anchor: ArrayLike, n_cells: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
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
    given = np.asarray(anchor_coordinates, dtype=np.float64)
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


def _warn_if_motion_is_open(places: NDArray[np.float64]) -> None:
    n_anchors, n_dims = places.shape
    spread = np.linalg.svd(places - places.mean(axis=0), compute_uv=False)
    rank = int((spread > FLAT * spread[0]).sum())
    if rank == n_dims:
        return
    shape, left_open = {
        0: ("in one point", "the rotation about that point and the reflection"),
        n_dims - 1: ("on one line" if n_dims == 2 else "in one plane", "the reflection across it"),
    }.get(rank, ("on one line", "the rotation about that line and the reflection"))
    message = (
        f"{n_anchors} anchors lie {shape}: they fix the shift of the layout but leave {left_open} "
        f"undetermined. Give {n_dims + 1} or more anchors in general position to fix the frame."
    )
    warnings.warn(message, UserWarning, stacklevel=3)


def _moved_onto(
    layout: NDArray[np.float64], cells: NDArray[np.int64], places: NDArray[np.float64]
) -> NDArray[np.float64]:
    anchors = layout[cells]
    if (places == places[0]).all() or (anchors == anchors[0]).all():
        return np.asarray(layout + (places.mean(axis=0) - anchors.mean(axis=0)))
    return align(anchors, places, with_scale=False).apply(layout)
