"""Rank correlation of distances."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import spearmanr

from dpvae.geometry import pair_distances, pairs_within
from dpvae.metrics.paired import check_has_shape, paired_cells


def distance_spearman(
    true: ArrayLike, recovered: ArrayLike, *, max_pairs: int = 200_000, seed: int = 0
) -> float:
    """Rank correlation of pairwise distances (Spearman 1904).

    Parameters
    ----------
    true
        Shape ``(n_cells, n_dims)``, in any unit.
    recovered
        Coordinates or a latent representation, shape ``(n_cells, n_columns)``, in any unit. Rows
        with NaN in either are dropped.
    max_pairs
        All pairs are used up to this number, random ones above. By default 200,000.
    seed
        Seed of the random pairs. By default 0.

    Returns
    -------
    From −1 to 1, the same order of distances. Shuffled cells score 0 in expectation.

    Raises
    ------
    ValueError
        If the numbers of rows differ, fewer than three cells are known in both, or all distances of
        one set are equal.

    Notes
    -----
    Time O(max_pairs log max_pairs), memory O(n_cells n_dims + max_pairs).

    Examples
    --------
    >>> from dpvae.metrics import distance_spearman
    >>> distance_spearman([[0, 0], [1, 0], [3, 0]], [[0, 0], [1, 0], [9, 0]])
    1.0
    """
    first, second = paired_cells(true, recovered, at_least=3)
    check_has_shape(first, name="true")
    check_has_shape(second, name="recovered")
    rows = pairs_within(np.zeros(len(first), dtype=np.int64), max_pairs=max_pairs, seed=seed)
    in_true, in_recovered = pair_distances(first, *rows), pair_distances(second, *rows)
    if np.ptp(in_true) == 0.0 or np.ptp(in_recovered) == 0.0:
        message = f"all {len(in_true)} distances of one set are equal; they cannot be ranked."
        raise ValueError(message)
    return float(spearmanr(in_true, in_recovered).statistic)
