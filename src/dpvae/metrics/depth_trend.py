"""What is explained by depth and covariates."""

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

CELLS_PER_PIECE, MOST_PIECES = 60, 40
RANK_TOLERANCE, ROUNDING = 1e-8, 1e-9


def trend_basis(depth: Values, covariates: Values) -> Values:
    """Orthonormal functions of depth and covariates, which a regression takes out.

    Depth enters by its logarithm, as a broken line: one piece for every 60 cells, at least 1 and
    at most 40, with as many cells in each. Covariates enter linearly.

    Parameters
    ----------
    depth
        Total counts of the cells, above 0, shape ``(n_cells,)``, in any unit.
    covariates
        Shape ``(n_cells, n_covariates)``; a column for each category of a categorical one.

    Returns
    -------
    Shape ``(n_cells, n_functions)``. The constant function is among what they make up.
    """
    n_pieces = int(np.clip(len(depth) // CELLS_PER_PIECE, 1, MOST_PIECES))
    design = np.hstack([_broken_lines(np.log(depth), n_pieces), _standardized(covariates)])
    left, singular, _ = np.linalg.svd(design, full_matrices=False)
    return np.asarray(left[:, singular > RANK_TOLERANCE * singular[0]])


def depth_bins(depth: Values, freedom: Values, n_bins: int) -> NDArray[np.intp]:
    """Sort cells into bins of depth; cells of one depth are together.

    Parameters
    ----------
    depth, freedom
        Of the cells, shape ``(n_cells,)``; what a regression leaves of each of them is its freedom.
    n_bins
        How many bins, at most. Each has at least half of its due share of the freedom.

    Returns
    -------
    Number of each cell's bin, from 0 for the lowest depths, shape ``(n_cells,)``.
    """
    distinct, position = np.unique(depth, return_inverse=True)
    reached = np.cumsum(np.bincount(position, freedom))
    number = np.zeros(len(distinct), dtype=np.intp)
    begin, share = 0.0, (1.0 - ROUNDING) * reached[-1] / n_bins
    for k, before in enumerate(reached[:-1], start=1):
        is_full = before >= share * (number[k - 1] + 1)
        is_next = is_full and min(before - begin, reached[-1] - before) >= share / 2.0
        number[k] = number[k - 1] + is_next
        begin = before if is_next else begin
    return np.asarray(number[position])


def _broken_lines(values: Values, n_pieces: int) -> Values:
    """Functions that are 1 at one knot, 0 at all others and straight between."""
    knots = np.unique(np.quantile(values, np.linspace(0.0, 1.0, n_pieces + 1)))
    return np.stack([np.interp(values, knots, row) for row in np.eye(len(knots))], axis=1)


def _standardized(covariates: Values) -> Values:
    centered = covariates - covariates.mean(axis=0)
    scale = np.sqrt((centered**2).mean(axis=0))
    varies = scale > RANK_TOLERANCE * np.abs(covariates).max(axis=0, initial=0.0)
    return np.asarray(centered[:, varies] / scale[varies])
