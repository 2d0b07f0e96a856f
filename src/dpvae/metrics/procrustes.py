"""Disagreement of two shapes."""

from numpy.typing import ArrayLike

from dpvae.geometry import align
from dpvae.metrics.paired import paired_rows


def procrustes_disparity(
    true: ArrayLike, recovered: ArrayLike, *, allow_reflection: bool = True
) -> float:
    """Squared error that no shift, rotation, reflection or scale can remove.

    Σ ‖true − aligned recovered‖² / Σ ‖true − its centroid‖², as ``scipy.spatial.procrustes``
    returns it (Schönemann 1966; used in Zhou & Du 2024, arXiv:2408.00911).

    Parameters
    ----------
    true
        Shape ``(n_cells, n_dims)``, in any unit.
    recovered
        Shape ``(n_cells, n_dims)``, in any unit. Rows with NaN in either are dropped.
    allow_reflection
        Whether a mirror image counts as the same shape. By default ``True``, as in SciPy: distances
        cannot tell left from right. With ``False`` a mirrored layout is an error.

    Returns
    -------
    From 0, the same shape, to 1. Shuffled cells score near 1: 1 − O(1/n_cells).

    Raises
    ------
    ValueError
        If the shapes differ, fewer than two cells are known in both, or all cells of one set share
        one place.

    Notes
    -----
    Time O(n_cells n_dims²), memory O(n_cells n_dims).

    Examples
    --------
    >>> from dpvae.metrics import procrustes_disparity
    >>> square = [[0, 0], [1, 0], [1, 1], [0, 1]]
    >>> round(procrustes_disparity(square, [[5, 5], [5, 7], [3, 7], [3, 5]]), 9)
    0.0
    """
    first, second = paired_rows(true, recovered, at_least=2)
    return align(second, first, allow_reflection=allow_reflection).disparity
