"""Mean and standard deviation of genes."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, issparse
from sklearn.utils.sparsefuncs import mean_variance_axis


def gene_statistics(
    expression: Any, section: NDArray[np.intp], n_sections: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and standard deviation of every gene in every section.

    Parameters
    ----------
    expression
        Shape ``(n_cells, n_genes)``, dense or sparse; a sparse one is not made dense.
    section
        Code of each cell's section, shape ``(n_cells,)``.
    n_sections
        Number of sections.

    Returns
    -------
    Two tensors of shape ``(n_sections, n_genes)``. Where a gene does not vary, or a section has
    no cells, the standard deviation is 1.
    """
    mean = np.zeros((n_sections, expression.shape[1]))
    variance = np.zeros_like(mean)
    for code in np.unique(section):
        values = expression[section == code]
        if issparse(values):
            mean[code], variance[code] = mean_variance_axis(csr_matrix(values), axis=0)
        else:
            mean[code] = np.mean(values, axis=0, dtype=np.float64)
            variance[code] = np.var(values, axis=0, dtype=np.float64)
    scale = np.sqrt(variance)
    varies = scale > 1e-6
    return torch.from_numpy(mean), torch.from_numpy(np.where(varies, scale, 1.0))
