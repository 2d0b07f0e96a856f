"""Disagreement of distances up to one scale."""

import numpy as np
from numpy.typing import ArrayLike

from dpvae.geometry import normalized_stress as layout_stress
from dpvae.geometry.placement.stress import sampled_stress
from dpvae.metrics.paired import Points, check_has_shape, paired_rows, root_mean_square_radius

LARGEST_EXACT = 5_000


def normalized_stress(true: ArrayLike, recovered: ArrayLike) -> float:
    """Disagreement of all pairwise distances, up to one common scale.

    sqrt( min_c Σ (d_true − c d_rec)² / Σ d_true² ) over all pairs i < j, with distances that are
    not squared (Kruskal 1964, stress 1 with a free scale).

    Parameters
    ----------
    true
        Shape ``(n_cells, n_dims)``, in any unit.
    recovered
        Shape ``(n_cells, n_dims)``, in any unit. Rows with NaN in either are dropped.

    Returns
    -------
    From 0, the same shape, to 1. Shuffled cells score sqrt(1 − (Σ d / N)⁴ / (Σ d² / N)²) over the N
    pairs of true places: about 0.58 for cells that fill a square.

    Raises
    ------
    ValueError
        If the shapes differ, fewer than two cells are known in both, or all cells of one set share
        one place.

    Notes
    -----
    Up to 5,000 cells all pairs are compared, in time O(n_cells² n_dims); above, up to 64 random
    partners of each cell, in time O(n_cells n_dims). Memory O(n_cells n_dims).

    Examples
    --------
    >>> from dpvae.metrics import normalized_stress
    >>> normalized_stress([[0, 0], [1, 0], [0, 1]], [[0, 0], [4, 0], [0, 4]])
    0.0
    """
    first, second = paired_rows(true, recovered, at_least=2)
    check_has_shape(first, name="true")
    check_has_shape(second, name="recovered")
    first = first / root_mean_square_radius(first)
    second = second / root_mean_square_radius(second)
    relative = _stress(second, first)
    scale = 1.0 - relative**2 / 2.0
    return _stress(scale * second, first)


def _stress(layout: Points, targets: Points) -> float:
    if len(layout) <= LARGEST_EXACT:
        return layout_stress(layout, targets)
    return sampled_stress(np.ascontiguousarray(targets.T), np.ascontiguousarray(layout.T), seed=0)
