"""Sums over the columns of a table that autocorrelation needs."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, issparse

from dpvae.geometry.compilation import compiled
from dpvae.metrics.spatial_weights import SpatialWeights

Values = NDArray[np.float64]

COLUMNS_AT_ONCE = 64


@dataclass(frozen=True, eq=False)
class ColumnSums:
    """Sums over cells and pairs of neighbours, of each variable.

    Attributes
    ----------
    mean
        x̄, shape ``(n_variables,)``.
    squares, fourths
        Σ (x_i − x̄)² and Σ (x_i − x̄)⁴, shape ``(n_variables,)``.
    products
        Σ w_ij (x_i − x̄)(x_j − x̄), shape ``(n_variables,)``.
    differences
        Σ w_ij (x_i − x_j)², shape ``(n_variables,)``.
    """

    mean: Values
    squares: Values
    fourths: Values
    products: Values
    differences: Values


def column_sums(values: Any, weights: SpatialWeights) -> ColumnSums:
    """Sum the columns of a table over its rows and over pairs of neighbouring rows.

    Parameters
    ----------
    values
        Dense array or CSR matrix, shape ``(n_cells, n_variables)``. Of sparse values only the
        stored ones are visited: what the zeros add follows from the mean.
    weights
        The graph.

    Returns
    -------
    The sums, in float64. Memory O(n_cells) besides the transpose of sparse values.
    """
    if not issparse(values):
        return _dense(np.asarray(values), weights)
    columns = csr_matrix(values).tocsc()
    columns.sort_indices()
    columns.sum_duplicates()
    matrix = weights.matrix
    sums = _sparse(
        columns.indptr,
        columns.indices,
        columns.data,
        matrix.indptr,
        matrix.indices,
        matrix.data,
        weights.margins,
        weights.total,
    )
    return ColumnSums(*sums)


def _dense(values: NDArray[Any], weights: SpatialWeights) -> ColumnSums:
    n_columns = values.shape[1]
    sums = np.empty((5, n_columns))
    for begin in range(0, n_columns, COLUMNS_AT_ONCE):
        chosen = slice(begin, begin + COLUMNS_AT_ONCE)
        block = values[:, chosen].astype(np.float64)
        from_first = block - block[0]
        offset = from_first.mean(axis=0)
        centered = from_first - offset
        squares = centered**2
        products = np.einsum("ij,ij->j", centered, weights.matrix @ centered)
        sums[:, chosen] = (
            block[0] + offset,
            squares.sum(axis=0),
            (squares**2).sum(axis=0),
            products,
            weights.margins @ squares - 2.0 * products,
        )
    return ColumnSums(*sums)


@compiled
def _sparse(
    starts: NDArray[np.int32],
    rows: NDArray[np.int32],
    stored: NDArray[Any],
    graph_starts: NDArray[np.int32],
    graph_rows: NDArray[np.int32],
    graph_weights: Values,
    margins: Values,
    total_weight: float,
) -> Values:
    n_columns, n_cells = len(starts) - 1, len(margins)
    sums = np.zeros((5, n_columns))
    column = np.zeros(n_cells)
    for k in range(n_columns):
        begin, end = starts[k], starts[k + 1]
        total = 0.0
        for e in range(begin, end):
            column[rows[e]] = stored[e]
            total += stored[e]
        mean = total / n_cells
        n_zeros = n_cells - (end - begin)
        squares = n_zeros * mean**2
        fourths = n_zeros * mean**4
        pairs, by_margin, square_by_margin = 0.0, 0.0, 0.0
        for e in range(begin, end):
            i = rows[e]
            here = column[i]
            apart = (here - mean) ** 2
            squares += apart
            fourths += apart * apart
            by_margin += margins[i] * here
            square_by_margin += margins[i] * here * here
            around = 0.0
            for g in range(graph_starts[i], graph_starts[i + 1]):
                around += graph_weights[g] * column[graph_rows[g]]
            pairs += here * around
        for e in range(begin, end):
            column[rows[e]] = 0.0
        sums[0, k], sums[1, k], sums[2, k] = mean, squares, fourths
        sums[3, k] = pairs - mean * by_margin + mean**2 * total_weight
        sums[4, k] = square_by_margin - 2.0 * pairs
    return sums
