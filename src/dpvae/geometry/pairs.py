"""Pairs of cells and their distances."""

import numpy as np
from numpy.typing import NDArray


def pairs_within(
    section: NDArray[np.int64], *, max_pairs: int = 200_000, seed: int = 0
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of different cells of the same section.

    All pairs if there are at most ``max_pairs``, otherwise ``max_pairs`` pairs drawn with
    replacement, every pair within a section being equally likely. Memory O(n_cells + max_pairs).

    Parameters
    ----------
    section
        Codes of the sections, shape ``(n_cells,)``.
    max_pairs
        The largest number of pairs. By default 200,000.
    seed
        Seed of the draw. By default 0.

    Returns
    -------
    Row numbers of the first and of the second cells, each of shape ``(n_pairs,)``.

    Raises
    ------
    ValueError
        If ``max_pairs`` is below 1.

    Examples
    --------
    >>> import numpy as np
    >>> from dpvae.geometry import pairs_within
    >>> first, second = pairs_within(np.array([0, 1, 0, 1, 1]))
    >>> list(zip(first.tolist(), second.tolist()))
    [(0, 2), (1, 3), (1, 4), (3, 4)]
    """
    if max_pairs < 1:
        message = f"max_pairs is {max_pairs}; pass at least 1."
        raise ValueError(message)
    order = np.argsort(section, kind="stable")
    _, begin, size = np.unique(section[order], return_index=True, return_counts=True)
    if int((size * (size - 1) // 2).sum()) > max_pairs:
        return _drawn(order, begin, size, max_pairs, np.random.default_rng(seed))
    blocks = [
        start + np.stack(np.triu_indices(count, 1))
        for start, count in zip(begin, size, strict=True)
    ]
    first, second = np.concatenate(blocks, axis=1) if blocks else np.empty((2, 0), dtype=np.int64)
    return order[first], order[second]


def pair_distances(
    values: NDArray[np.float64], first: NDArray[np.int64], second: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Euclidean distances (not squared) of given pairs of rows.

    Parameters
    ----------
    values
        Shape ``(n_cells, n_columns)``, in any unit.
    first, second
        Row numbers, each of shape ``(n_pairs,)``.

    Returns
    -------
    Distances of shape ``(n_pairs,)``, in the unit of ``values``. Memory O(n_pairs), whatever the
    number of columns.

    Examples
    --------
    >>> import numpy as np
    >>> from dpvae.geometry import pair_distances
    >>> pair_distances(np.array([[0.0, 0.0], [3.0, 4.0]]), np.array([0]), np.array([1]))
    array([5.])
    """
    squared = np.zeros(len(first))
    for column in values.T:
        squared += (column[first] - column[second]) ** 2
    return np.sqrt(squared)


def _drawn(
    order: NDArray[np.int64],
    begin: NDArray[np.int64],
    size: NDArray[np.int64],
    n_pairs: int,
    rng: np.random.Generator,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    n_ordered_pairs = np.cumsum(size * (size - 1))
    drawn = rng.integers(n_ordered_pairs[-1], size=n_pairs)
    group = np.searchsorted(n_ordered_pairs, drawn, side="right")
    count = size[group]
    within = drawn - (n_ordered_pairs[group] - count * (count - 1))
    first, step = np.divmod(within, count - 1)
    second = (first + 1 + step) % count
    return order[begin[group] + first], order[begin[group] + second]
