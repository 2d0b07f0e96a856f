"""Cells that touch."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial import cKDTree

from dpvae.metrics.paired import check_has_shape, paired_rows

BISECTIONS = 60


def contact_precision(
    true: ArrayLike, recovered: ArrayLike, *, radius: float | None = None
) -> float:
    """Share of true contacts among the pairs of cells that are nearest in the recovered tissue.

    Contacts are pairs at most ``radius`` apart in the true tissue. As many recovered pairs are
    taken, the nearest ones (all that tie with the last), as in the top-L precision of protein
    contacts.

    Parameters
    ----------
    true
        Shape ``(n_cells, n_dims)``.
    recovered
        Shape ``(n_cells, n_dims)``, in any unit. Rows with NaN in either are dropped.
    radius
        In the unit of ``true``. By default 1.5 times the median distance to the nearest cell at
        another place.

    Returns
    -------
    From 0 to 1. Shuffled cells score the share of contacts among all pairs, near 0.

    Raises
    ------
    ValueError
        If the shapes differ, fewer than three cells are known in both, all true places are
        identical, or no pair is in contact.

    Notes
    -----
    Time O(n_cells log n_cells + contacts), memory O(n_cells n_dims + contacts).

    Examples
    --------
    >>> from dpvae.metrics import contact_precision
    >>> line = [[0, 0], [1, 0], [2, 0], [9, 0]]
    >>> contact_precision(line, line)
    1.0
    >>> contact_precision(line, [[0, 0], [1, 0], [9, 0], [2, 0]])
    0.5
    """
    first, second = paired_rows(true, recovered, at_least=3)
    check_has_shape(first, name="true")
    if radius is None:
        distinct = np.unique(first, axis=0)
        nearest = cKDTree(distinct).query(distinct, k=2)[0][:, 1]
        radius = 1.5 * float(np.median(nearest))
    contacts = cKDTree(first).query_pairs(radius * (1.0 + 1e-9), output_type="ndarray")
    if len(contacts) == 0:
        message = f"no pair of cells is within radius={radius}; pass a larger one."
        raise ValueError(message)
    tree = cKDTree(second)

    def n_pairs_within(distance: float) -> int:
        return (int(tree.count_neighbors(tree, distance)) - len(second)) // 2

    low, high = 0.0, float(np.linalg.norm(np.ptp(second, axis=0))) * (1.0 + 1e-9)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2.0
        low, high = (low, middle) if n_pairs_within(middle) >= len(contacts) else (middle, high)
    apart = np.linalg.norm(second[contacts[:, 0]] - second[contacts[:, 1]], axis=1)
    return float((apart <= high).sum() / n_pairs_within(high))
