"""How much of a gene's variation follows the tissue."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags
from sklearn.utils.sparsefuncs import mean_variance_axis

from dpvae._section import at_most
from dpvae.geometry import known_rows
from dpvae.metrics.shrunken_morans_i import FEWEST_CELLS, MOST_CELLS, shrunken_morans_i


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
        Shape ``(n_cells, 2)`` or ``(n_cells, 3)``. Cells in rows of NaN do not count, nor do
        sections with fewer than ten cells of known place. Of a section with more than 20,000, as
        many random ones (always the same) are used.
    section
        Name of each cell's section, shape ``(n_cells,)``.
    depth
        Total to which counts are brought before their logarithm is taken, or ``None`` where values
        are logarithms already.

    Returns
    -------
    Mean over sections, each weighted by the number of its cells, shape ``(n_genes,)``.

    Raises
    ------
    ValueError
        If no section has ten cells of known place.
    """
    known = known_rows(coordinates)
    rng = np.random.default_rng(0)
    score, n_cells = np.zeros(expression.shape[1]), 0
    names, sizes = np.unique(section[known], return_counts=True)
    for name in names[sizes >= FEWEST_CELLS]:
        cells = at_most(np.flatnonzero(known & (section == name)), MOST_CELLS, rng)
        values = logarithms(expression[cells], depth)
        _, variance = mean_variance_axis(values, axis=0)
        score += len(cells) * np.sqrt(variance) * shrunken_morans_i(values, coordinates[cells])
        n_cells += len(cells)
    if n_cells == 0:
        message = (
            f"{int(known.sum())} cells have a known place, at most {sizes.max(initial=0)} in a "
            f"section: {FEWEST_CELLS} of a section are needed to see which genes follow the "
            "tissue. Give more places, or choose genes by sc.pp.highly_variable_genes."
        )
        raise ValueError(message)
    return np.asarray(score / n_cells)


def logarithms(values: Any, depth: float | None) -> csr_matrix:
    """Bring counts to one depth and take log(1 + x); without a depth only make values sparse."""
    table = csr_matrix(values, dtype=np.float64)
    if depth is None:
        return table
    total = np.asarray(table.sum(axis=1)).ravel()
    return csr_matrix(diags(depth / np.maximum(total, 1.0)) @ table).log1p()
