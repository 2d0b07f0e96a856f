"""What the encoders of a joint model see, from the statistics of its reference."""

import numpy as np
from numpy.typing import NDArray
from scvi.data import AnnDataManager

from dpvae._data.matrix_on_disk import MatrixOnDisk
from dpvae._keys import REGISTRY
from dpvae.geometry import known_rows
from dpvae.model.data.fields import registered_expression
from dpvae.model.data.gene_statistics import gene_statistics
from dpvae.module.technology_input import TechnologyInput

ROWS_AT_A_TIME = 4_096


def set_joint_input(
    seen: TechnologyInput, manager: AnnDataManager, *, by_technology: bool
) -> NDArray[np.int64]:
    """Set depth, means and deviations of genes to what a reference says.

    Parameters
    ----------
    seen
        What is set.
    manager
        Of the registered reference.
    by_technology
        Whether the encoder sees genes by the statistics of each technology, or of all.

    Returns
    -------
    Number of cells of each technology, shape ``(n_technologies,)``.
    """
    expression = registered_expression(manager)
    code = technology_codes(manager)
    n_technologies = len(seen.measured)
    if seen.are_counts:
        places = np.asarray(manager.get_from_registry(REGISTRY.coordinates), dtype=float)
        seen.depth.fill_(_median_depth(seen, expression, known_rows(places)))
    is_on_disk = isinstance(expression, MatrixOnDisk)
    logarithms = expression.changed(seen.logarithms) if is_on_disk else seen.logarithms(expression)
    seen.set_genes(*gene_statistics(logarithms, code, n_technologies), by_technology=by_technology)
    return np.bincount(code, minlength=n_technologies)


def technology_codes(manager: AnnDataManager) -> NDArray[np.intp]:
    """Give the code of each cell's technology, shape ``(n_cells,)``."""
    return np.asarray(manager.get_from_registry(REGISTRY.technology), dtype=np.intp).ravel()


def _median_depth(seen: TechnologyInput, expression: object, imaged: NDArray[np.bool_]) -> float:
    """Median sum of the shown genes of the cells of known place, 1 if there are none."""
    columns = seen.shown.cpu().numpy()
    sums = [np.ones(0)]
    rows = np.flatnonzero(imaged)
    for begin in range(0, len(rows), ROWS_AT_A_TIME):
        values = expression[rows[begin : begin + ROWS_AT_A_TIME]]  # type: ignore[index]
        sums.append(np.asarray(values[:, columns].sum(axis=1)).ravel())
    every = np.concatenate(sums)
    return max(float(np.median(every)), 1.0) if len(every) else 1.0
