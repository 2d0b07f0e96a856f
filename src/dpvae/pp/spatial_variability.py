"""How much of a gene's variation follows the tissue."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags
from sklearn.utils.sparsefuncs import mean_variance_axis

from dpvae._data.some_rows import at_most
from dpvae.geometry import known_rows
from dpvae.metrics.shrunken_morans_i import FEWEST_CELLS, FLOOR, MOST_CELLS, shrunken_morans_i

FEWEST_FOR_DEVIATION = 100


def spatial_variability(
    expression: Any,
    coordinates: NDArray[np.float64],
    section: NDArray[np.str_],
    depth: float | None,
) -> NDArray[np.float64]:
    """Score genes by their standard deviation times their Moran's I, within sections.

    Parameters
    ----------
    expression
        Shape ``(n_cells, n_genes)``, dense or sparse; of one on disk, the rows that are needed are
        read once.
    coordinates
        Shape ``(n_cells, 2)`` or ``(n_cells, 3)``. Cells in rows of NaN do not count, except for
        the deviation of genes in a section with fewer than 100 cells of known place. Of a section
        with more than 20,000, only 20,000 random ones (always the same) are used.
    section
        Name of each cell's section, shape ``(n_cells,)``.
    depth
        Total to which counts are brought before their logarithm is taken, or ``None`` if values
        are logarithms already.

    Returns
    -------
    Mean over sections, each weighted by its cells of known place, of the deviation times Moran's I
    plus 0.01, shape ``(n_genes,)``. In a section with fewer than ten cells of known place I is 0.
    """
    known = known_rows(coordinates)
    rng = np.random.default_rng(0)
    score = np.zeros(expression.shape[1])
    for name in np.unique(section[known]):
        everywhere = np.flatnonzero(known & (section == name))
        cells, share = at_most(everywhere, MOST_CELLS, rng), len(everywhere) / known.sum()
        if len(everywhere) < FEWEST_FOR_DEVIATION:
            members = at_most(np.flatnonzero(section == name), MOST_CELLS, rng)
            cells = np.union1d(cells, members)
        values, is_known = logarithms(expression[cells], depth), known[cells]
        _, variance = mean_variance_axis(values, axis=0)
        pattern = np.zeros_like(variance)
        if len(everywhere) >= FEWEST_CELLS:
            pattern = shrunken_morans_i(values[is_known], coordinates[cells[is_known]])
        score += share * np.sqrt(variance) * (pattern + FLOOR)
    return score


def logarithms(values: Any, depth: float | None) -> csr_matrix:
    """Bring counts to one depth and take log(1 + x); without a depth only make values sparse."""
    table = csr_matrix(values, dtype=np.float64)
    table.sum_duplicates()
    if depth is None:
        return table
    total = np.asarray(table.sum(axis=1)).ravel()
    return csr_matrix(diags(depth / np.maximum(total, 1.0)) @ table).log1p()
