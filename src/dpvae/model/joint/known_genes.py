"""The genes by which others are read: shared ones, and never a gene by itself."""

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.intp]

N_FOLDS = 5


def known_genes(shared: NDArray[np.bool_], chosen: Rows) -> list[tuple[Rows, Rows]]:
    """Divide genes into parts, each with the shared genes by which it is read.

    Genes that are not shared are read by all shared ones. Shared genes are in five parts, each of
    which is read by the four others. Which ones a gene is read by does not depend on what else is
    chosen.

    Parameters
    ----------
    shared
        Whether all technologies measured a gene, shape ``(n_genes,)``.
    chosen
        Numbers of the genes to read, shape ``(n_chosen,)``.

    Returns
    -------
    For each part its places in ``chosen``, and the numbers of the genes by which it is read.
    """
    numbers = np.flatnonzero(shared)
    fold = np.full(len(shared), N_FOLDS)
    fold[numbers] = np.arange(len(numbers)) % N_FOLDS
    of_chosen = fold[chosen]
    return [
        (np.flatnonzero(of_chosen == each), numbers[fold[numbers] != each])
        for each in np.unique(of_chosen)
    ]
