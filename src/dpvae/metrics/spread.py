"""Size of a recovered tissue."""

from numpy.typing import ArrayLike

from dpvae.metrics.paired import check_has_shape, paired_rows, root_mean_square_radius


def spread_ratio(true: ArrayLike, recovered: ArrayLike) -> float:
    """Size of the recovered tissue relative to the true one.

    The root mean square distance of the recovered cells from their centroid, divided by the same
    distance of the true ones. Methods that hedge shrink their predictions to the centre (CeLEry's
    issue 6).

    Parameters
    ----------
    true
        Shape ``(n_cells, n_dims)``, in any unit.
    recovered
        Shape ``(n_cells, n_dims)``, in the unit of ``true``. Rows with NaN in either are dropped.

    Returns
    -------
    1 for the same size, below 1 for shrunk, 0 for all cells in one place. Shuffled cells score 1:
    read it together with an error.

    Raises
    ------
    ValueError
        If the shapes differ, fewer than two cells are known in both, or all true places are
        identical.

    Notes
    -----
    Time and memory O(n_cells n_dims).

    Examples
    --------
    >>> from dpvae.metrics import spread_ratio
    >>> round(spread_ratio([[0, 0], [2, 2]], [[0, 0], [1, 1]]), 9)
    0.5
    """
    first, second = paired_rows(true, recovered, at_least=2)
    check_has_shape(first, name="true")
    return root_mean_square_radius(second) / root_mean_square_radius(first)
