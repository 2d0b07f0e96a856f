"""Bounds between which latent distances follow tissue distances."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from dpvae.geometry import check_distance_scale, fit_distance_scale, pair_distances, pairs_within
from dpvae.metrics.paired import paired_cells


@dataclass(frozen=True)
class Distortion:
    """Bounds a and b between which latent distances follow tissue distances.

    Attributes
    ----------
    lower, upper
        a and b of Theorem 1: a λ d_S ≤ d_Z ≤ b λ d_S for all but a share ε of the pairs.
    ratio
        b/a, at least 1: how many times a pair may be stretched more than another.
    distance_scale
        λ.
    """

    lower: float
    upper: float
    ratio: float
    distance_scale: float


def bilipschitz_distortion(
    true: ArrayLike,
    latent: ArrayLike,
    *,
    epsilon: float = 0.05,
    distance_scale: float | None = None,
    max_pairs: int = 200_000,
    seed: int = 0,
) -> Distortion:
    """Measure how far a latent representation is from a scaled copy of the tissue.

    The smallest b/a with P(a λ d_S ≤ d_Z ≤ b λ d_S) ≥ 1 − ε over pairs of cells: Theorem 1 of Zhou
    & Du 2024 (arXiv:2408.00911).

    Parameters
    ----------
    true
        Coordinates, shape ``(n_cells, n_dims)``.
    latent
        z, shape ``(n_cells, n_latent)``. Rows with NaN in either are dropped.
    epsilon
        Share of the pairs that may lie outside. By default 0.05.
    distance_scale
        λ. It moves a and b, not their ratio. By default fitted
        (:func:`dpvae.geometry.fit_distance_scale`).
    max_pairs
        All pairs up to this number, random ones above. By default 200,000. Pairs at the same place
        are left out.
    seed
        Seed of the draw. By default 0.

    Returns
    -------
    The distortion: ratio 1 for a scaled copy; about 40 for shuffled cells that fill a square;
    infinity if more than ε of the pairs have the same latent.

    Raises
    ------
    ValueError
        If the rows do not match, fewer than two known cells lie apart, or ε is not in [0, 1).

    Notes
    -----
    Time O(max_pairs log max_pairs), memory O(n_cells (n_dims + n_latent) + max_pairs).

    Examples
    --------
    >>> import numpy as np
    >>> from dpvae.metrics import bilipschitz_distortion
    >>> tissue = np.random.default_rng(0).normal(size=(60, 2))
    >>> round(bilipschitz_distortion(tissue, 3 * tissue).ratio, 9)
    1.0
    """
    places, values = paired_cells(true, latent, at_least=2)
    if not 0.0 <= epsilon < 1.0:
        message = f"epsilon is {epsilon}; pass a share from 0 to below 1."
        raise ValueError(message)
    scale = (
        fit_distance_scale(values, places, seed=seed)
        if distance_scale is None
        else check_distance_scale(distance_scale)
    )
    rows = pairs_within(np.zeros(len(places), dtype=np.int64), max_pairs=max_pairs, seed=seed)
    in_tissue, in_latent = pair_distances(places, *rows), pair_distances(values, *rows)
    apart = in_tissue > 0.0
    if not apart.any():
        message = "all cells have the same place; no distance can be compared."
        raise ValueError(message)
    stretch = np.sort(in_latent[apart] / (scale * in_tissue[apart]))
    n_inside = int(np.ceil((1.0 - epsilon) * len(stretch)))
    lower, upper = stretch[: len(stretch) - n_inside + 1], stretch[n_inside - 1 :]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.where(lower > 0.0, upper / lower, np.inf)
    best = int(np.argmin(ratios))
    return Distortion(float(lower[best]), float(upper[best]), float(ratios[best]), scale)
