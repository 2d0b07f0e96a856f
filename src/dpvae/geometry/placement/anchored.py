"""Places of all cells of a data set, some of which are held where they are known to be."""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dpvae.geometry.latent import check_distance_scale, check_latent
from dpvae.geometry.placement.anchors import check_anchors, motion_is_fixed, moved_onto
from dpvae.geometry.placement.constraint import AnchorConstraint
from dpvae.geometry.placement.free import check_stopping, place_free
from dpvae.geometry.placement.result import Placement
from dpvae.geometry.placement.smacof import majorize
from dpvae.geometry.placement.stress import cell_residuals, placement_stress
from dpvae.geometry.placement.target_distances import TargetDistances
from dpvae.geometry.regression.blend import blend
from dpvae.geometry.scale import fit_distance_scale

METHODS = ("blend", "stress")


def place_anchored(
    latent: ArrayLike,
    anchor_coordinates: ArrayLike,
    is_anchor: ArrayLike,
    *,
    method: Literal["blend", "stress"] | None = None,
    distance_scale: float | None = None,
    penalty: float | ArrayLike | None = None,
    is_unseen: ArrayLike | None = None,
    max_iter: int = 300,
    tol: float = 1e-6,
    seed: int = 0,
) -> Placement:
    """Place all cells of a data set together, some of them held where they are known to be.

    ``method="stress"`` is the paper's objective. Hard anchors minimise eq. 6 of Zhou & Du 2024
    (arXiv:2408.00911) with unit weights,

        Σ_{i<j} (‖ŝ_i − ŝ_j‖ − ‖z_i − z_j‖/λ)²  subject to  ŝ_i = s_i for the anchors (eq. 7);

    soft anchors minimise the same sum plus n Σ_anchors μ_i ‖ŝ_i − s_i‖². The factor n, the number
    of cells, lets μ keep its meaning for any number of cells: at μ = 1 an anchor's given place
    weighs as much as all its distances together. The start is the free placement, aligned with the
    anchors by shift, rotation and reflection; the restricted majorisation has a closed form.

    ``method="blend"`` aims at the places themselves. Global distances hardly profit from many
    anchors, and a single alignment to few anchors is uncertain; so the free placement, moved as far
    as the anchors determine, is mixed with regressions of places on latents, as left-out anchors
    decide (:class:`Blend`). The anchors keep their given places.

    Parameters
    ----------
    latent
        z, shape ``(n_cells, n_latent)``.
    anchor_coordinates
        s, shape ``(n_cells, 2)`` or ``(n_cells, 3)``, in tissue units. Rows of other cells are
        ignored, and may be NaN.
    is_anchor
        Mask of shape ``(n_cells,)``.
    method
        ``"blend"`` or ``"stress"``. By default the blend for hard anchors that fix the frame
        (``n_dims + 1`` or more in general position), stress for soft or fewer ones.
    distance_scale
        λ, latent units per tissue unit. By default fitted to the anchors
        (:func:`fit_distance_scale`).
    penalty
        μ > 0, one number, or one for each cell, shape ``(n_cells,)``; only the anchors' count.
        Infinity is a hard anchor. By default ``None``: hard anchors, whose rows come back bit by
        bit.
    is_unseen
        Mask of the cells whose places the latents were not trained on, shape ``(n_cells,)``. Only
        such anchors tell how good a place is: the latents of the others fit their places better
        than those of further cells. By default all cells are unseen.
    max_iter
        The largest number of iterations, for the start and for the majorisation. By default 300.
    tol
        Stop when the root of the objective falls by less than this fraction, up to 4,000 cells.
        By default 1e-6.
    seed
        Seed of the random windows and pairs. By default 0.

    Returns
    -------
    The placement, with coordinates of shape ``(n_cells, n_dims)``. Its stress runs over all pairs,
    anchors included. The blend's also has ``blend``, the mixture and the errors of its parts on
    left-out anchors, and ``expected_error``, the expected distance of every cell from its true
    place. If the latents were trained on anchors, ten others are needed for these errors.

    Raises
    ------
    ValueError
        If an input is malformed, there is no anchor, an anchor's coordinates are NaN, λ cannot be
        fitted, an option is out of range, or a blend is wanted of soft or too few anchors.

    Warns
    -----
    UserWarning
        If the anchors, being fewer than p + 1 or on one line or plane, leave a rotation or
        reflection open.

    Notes
    -----
    Memory O(n_cells (n_latent + n_dims)), for a blend also O(n_anchors n_latent²). Up
    to 4,000 cells O(n_cells² n_latent) time for each iteration; above, sweeps against fresh windows
    of 250 random cells, as in :func:`place_free`.

    Examples
    --------
    >>> import numpy as np
    >>> from dpvae.geometry import place_anchored
    >>> tissue = np.random.default_rng(0).uniform(size=(40, 2))
    >>> latent = np.hstack([2.0 * tissue, np.zeros((40, 3))])
    >>> is_anchor = np.arange(40) < 5
    >>> known = np.where(is_anchor[:, None], tissue, np.nan)
    >>> placement = place_anchored(latent, known, is_anchor)
    >>> bool(np.allclose(placement.coordinates, tissue, atol=0.02)), placement.solver
    (True, 'blend')
    """
    values = check_latent(latent)
    cells, places = check_anchors(anchor_coordinates, is_anchor, len(values))
    if method is not None and method not in METHODS:
        message = f"method is {method!r}; pass one of {METHODS}, or None."
        raise ValueError(message)
    held = _penalties(penalty, cells, len(values))
    unseen = _mask(is_unseen, len(values))
    check_stopping(max_iter, tol)
    scale = (
        fit_distance_scale(values[cells], places, seed=seed)
        if distance_scale is None
        else check_distance_scale(distance_scale)
    )
    is_fixed = motion_is_fixed(places)
    can_blend = is_fixed and bool(np.isinf(held).all())
    if method == "blend" and not can_blend:
        message = (
            f"a blend needs hard anchors, {places.shape[1] + 1} or more in general position; "
            "leave method out, or pass method='stress'."
        )
        raise ValueError(message)
    free = place_free(
        values,
        n_dims=places.shape[1],
        distance_scale=scale,
        max_iter=max_iter,
        tol=tol,
        seed=seed,
    )
    if can_blend and method != "stress":
        return _blended(values, free, cells, places, scale, unseen[cells], seed)
    start = moved_onto(free.coordinates, cells, places)
    start[cells[np.isinf(held)]] = places[np.isinf(held)]
    targets = np.ascontiguousarray((values - values.mean(axis=0)).T) / scale
    return majorize(
        TargetDistances(targets),
        np.ascontiguousarray(start.T),
        AnchorConstraint(cells, np.ascontiguousarray(places.T), held),
        max_iter=max_iter,
        tol=tol,
        seed=seed,
    )


def _penalties(
    penalty: float | ArrayLike | None, cells: NDArray[np.int64], n_cells: int
) -> NDArray[np.float64]:
    if penalty is None:
        return np.full(len(cells), np.inf)
    given = np.asarray(penalty, dtype=np.float64)
    if given.shape not in ((), (n_cells,)):
        message = f"penalty has shape {given.shape}; pass a number, or one for each cell."
        raise ValueError(message)
    held = np.broadcast_to(given, (n_cells,))[cells]
    if not (held > 0.0).all():
        message = (
            f"penalty is {penalty}; pass a positive number, or None for hard anchors."
            if given.shape == ()
            else f"penalty of {int((~(held > 0.0)).sum())} anchors is not positive."
        )
        raise ValueError(message)
    return held


def _mask(is_unseen: ArrayLike | None, n_cells: int) -> NDArray[np.bool_]:
    mask = np.ones(n_cells, dtype=bool) if is_unseen is None else np.asarray(is_unseen)
    if mask.dtype != np.bool_ or mask.shape != (n_cells,):
        message = (
            f"is_unseen has type {mask.dtype} and shape {mask.shape}; "
            f"pass a boolean mask of shape ({n_cells},)."
        )
        raise ValueError(message)
    return mask


def _blended(
    latent: NDArray[np.float64],
    free: Placement,
    cells: NDArray[np.int64],
    places: NDArray[np.float64],
    distance_scale: float,
    is_unseen: NDArray[np.bool_],
    seed: int,
) -> Placement:
    coordinates, expected, mixture = blend(
        latent, free.coordinates, cells, places, is_unseen=is_unseen
    )
    targets = np.ascontiguousarray(latent.T) / distance_scale
    layout = np.ascontiguousarray(coordinates.T)
    return Placement(
        coordinates,
        placement_stress(targets, layout, seed),
        free.n_iterations,
        free.converged,
        "blend",
        residual=cell_residuals(targets, layout, seed=seed),
        expected_error=expected,
        blend=mixture,
    )
