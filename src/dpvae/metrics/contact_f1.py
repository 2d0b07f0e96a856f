"""Pairs of cells that are among the nearest in both of two layouts."""

import numpy as np
from numpy.typing import ArrayLike

from dpvae.geometry import pair_distances, pairs_within
from dpvae.metrics.paired import check_has_shape, paired_cells


def contact_f1(
    true: ArrayLike,
    recovered: ArrayLike,
    *,
    quantile: float = 0.01,
    max_pairs: int = 2_000_000,
    seed: int = 0,
) -> float:
    """Agreement on which pairs of cells are nearest, each layout by its own quantile.

    A contact is a pair whose distance is at most the quantile of all distances of that layout. Both
    layouts have the same number of contacts, so precision, recall and F1 are one number (but for
    ties). The score of LUNA :cite:p:`Yu25`; :func:`contact_precision` has a radius instead.

    Parameters
    ----------
    true
        Shape ``(n_cells, n_dims)``, in any unit.
    recovered
        Coordinates or a latent representation, shape ``(n_cells, n_columns)``, in any unit. Rows
        with NaN in either are dropped.
    quantile
        Share of pairs that are contacts, above 0 and below 1. By default 0.01. Values of different
        quantiles cannot be compared: chance is the quantile itself.
    max_pairs
        All pairs are used up to this number, random ones above. By default two million: the
        standard error is then below .004 at the default quantile.
    seed
        Seed of the random pairs. By default 0.

    Returns
    -------
    From 0 to 1. Shuffled cells score the quantile in expectation.

    Raises
    ------
    ValueError
        If the numbers of rows differ, fewer than three cells are known in both, all cells of one
        set share one place, or ``quantile`` is not between 0 and 1.

    Notes
    -----
    Time O(max_pairs), memory O(n_cells n_dims + max_pairs): 32 bytes for each pair.

    Examples
    --------
    >>> from dpvae.metrics import contact_f1
    >>> line = [[0, 0], [1, 0], [3, 0], [9, 0]]
    >>> contact_f1(line, line, quantile=0.2)
    1.0
    >>> contact_f1(line, [[0, 0], [9, 0], [3, 0], [1, 0]], quantile=0.2)
    0.0
    """
    if not 0.0 < quantile < 1.0:
        message = f"quantile is {quantile}: pass a share between 0 and 1, such as 0.01."
        raise ValueError(message)
    first, second = paired_cells(true, recovered, at_least=3)
    check_has_shape(first, name="true")
    check_has_shape(second, name="recovered")
    rows = pairs_within(np.zeros(len(first), dtype=np.int64), max_pairs=max_pairs, seed=seed)
    is_contact = [
        distance <= np.quantile(distance, quantile)
        for distance in (pair_distances(first, *rows), pair_distances(second, *rows))
    ]
    n_contacts = int(is_contact[0].sum()) + int(is_contact[1].sum())
    return float(2 * (is_contact[0] & is_contact[1]).sum() / n_contacts)
