"""Mean and standard deviation of genes."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, issparse
from sklearn.utils.sparsefuncs import mean_variance_axis

from dpvae._data.matrix_on_disk import MatrixOnDisk

ROWS_AT_A_TIME = 4_096


def gene_statistics(
    expression: Any, section: NDArray[np.intp], n_sections: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and standard deviation of every gene in every section.

    Parameters
    ----------
    expression
        Shape ``(n_cells, n_genes)``, dense or sparse; a sparse one is not made dense, and one on
        disk is read once, a few rows at a time. What holds the numbers does not change the result.
    section
        Code of each cell's section, shape ``(n_cells,)``.
    n_sections
        Number of sections.

    Returns
    -------
    Two tensors of shape ``(n_sections, n_genes)``. If a gene does not vary, or a section has
    no cells, the standard deviation is 1.
    """
    mean = np.zeros((n_sections, expression.shape[1]))
    variance = np.zeros_like(mean)
    n_seen = np.zeros(n_sections)
    for rows, values in _blocks(expression):
        codes = section[rows]
        for code in np.unique(codes):
            members = values if (codes == code).all() else values[np.flatnonzero(codes == code)]
            _accumulate(members, code, n_seen, mean, variance)
    scale = np.sqrt(variance)
    varies = scale > 1e-6
    return torch.from_numpy(mean), torch.from_numpy(np.where(varies, scale, 1.0))


def _blocks(expression: Any) -> Iterator[tuple[slice, Any]]:
    if isinstance(expression, MatrixOnDisk):
        yield from expression.blocks()
        return
    for begin in range(0, expression.shape[0], ROWS_AT_A_TIME):
        rows = slice(begin, begin + ROWS_AT_A_TIME)
        yield rows, expression[rows]


def _accumulate(
    values: Any,
    code: int,
    n_seen: NDArray[np.float64],
    mean: NDArray[np.float64],
    variance: NDArray[np.float64],
) -> None:
    """Add cells of a section to its mean and variance (Chan, Golub & LeVeque 1983)."""
    n_cells = values.shape[0]
    if issparse(values):
        block_mean, block_variance = mean_variance_axis(
            csr_matrix(values, dtype=np.float64), axis=0
        )
    else:
        block_mean = np.mean(values, axis=0, dtype=np.float64)
        block_variance = np.var(values, axis=0, dtype=np.float64)
    share = n_cells / (n_seen[code] + n_cells)
    shift = block_mean - mean[code]
    mean[code] += share * shift
    variance[code] += share * (block_variance - variance[code])
    variance[code] += share * (1.0 - share) * shift**2
    n_seen[code] += n_cells
