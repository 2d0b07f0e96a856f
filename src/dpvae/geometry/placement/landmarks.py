"""Places of new cells by their distances to cells of known place, as in the paper."""

from numpy.typing import ArrayLike

from dpvae.geometry.latent import check_distance_scale, check_layout
from dpvae.geometry.placement.farthest_points import farthest_point_sample
from dpvae.geometry.placement.multilateration import WEIGHTINGS, Weighting, multilaterate
from dpvae.geometry.placement.result import Placement
from dpvae.geometry.scale import fit_distance_scale


def place_on_layout(
    latent: ArrayLike,
    layout_latent: ArrayLike,
    layout_coordinates: ArrayLike,
    *,
    distance_scale: float | None = None,
    weighting: Weighting = "local",
    n_landmarks: int = 1000,
    seed: int = 0,
) -> Placement:
    """Place new cells one by one against cells whose place is known.

    Every new cell i minimises Σ_j w_ij (‖ŝ_i − s_j‖ − ‖z_i − z_j‖/λ)² over landmarks j, cells of
    the layout that are spread over the tissue: eq. 6–7 of Zhou & Du 2024 (arXiv:2408.00911) with
    the layout as anchors and without the distances among new cells. A cell's place depends on no
    other new cell, nor on order and batches, to the last bit.

    Parameters
    ----------
    latent
        z of the new cells, shape ``(n_new, n_latent)``.
    layout_latent
        z of the layout, shape ``(n_cells, n_latent)``.
    layout_coordinates
        s of the layout, shape ``(n_cells, 2)`` or ``(n_cells, 3)``, in tissue units. Rows of NaN
        are left out.
    distance_scale
        λ, latent units per tissue unit. By default fitted to the layout
        (:func:`fit_distance_scale`).
    weighting
        ``"local"`` (default): w_ij = 1 / (δ_ij² + ε_i²), with δ the latent distance over λ and ε_i
        that to the tenth nearest landmark, so that near landmarks, whose distances are the most
        certain, count most. ``"uniform"``: w_ij = 1, the paper's objective.
    n_landmarks
        The largest number of landmarks. By default 1,000. A smaller layout is used as a whole.
    seed
        Seed of the first landmark and of the pairs to which λ is fitted. By default 0.

    Returns
    -------
    The placement: coordinates of shape ``(n_new, n_dims)`` in the layout's frame and unit; stress
    over the pairs of new cells and landmarks, weighted by w; the iterations of the slowest cell.

    Raises
    ------
    ValueError
        If an input is malformed, the latents differ in dimension, λ cannot be fitted, or an option
        is out of range.

    Notes
    -----
    Time O(n_landmarks (n_cells n_dims + n_new (n_latent + iterations n_dims))), memory O(n_cells
    (n_latent + n_dims) + n_new n_dims).

    Examples
    --------
    >>> import numpy as np
    >>> from dpvae.geometry import place_on_layout
    >>> tissue = np.random.default_rng(0).uniform(size=(60, 2))
    >>> placement = place_on_layout(3.0 * tissue[:10], 3.0 * tissue[10:], tissue[10:])
    >>> bool(np.allclose(placement.coordinates, tissue[:10], atol=1e-5))
    True
    """
    values, layout_values, places = check_layout(latent, layout_latent, layout_coordinates)
    if weighting not in WEIGHTINGS:
        message = f"weighting is {weighting!r}; pass one of {WEIGHTINGS}."
        raise ValueError(message)
    if n_landmarks < 3:
        message = f"n_landmarks is {n_landmarks}; at least 3 are needed."
        raise ValueError(message)
    scale = (
        fit_distance_scale(layout_values, places, seed=seed)
        if distance_scale is None
        else check_distance_scale(distance_scale)
    )
    landmarks = farthest_point_sample(places, n_landmarks, seed=seed)
    return multilaterate(
        values / scale, layout_values[landmarks] / scale, places[landmarks], weighting=weighting
    )
