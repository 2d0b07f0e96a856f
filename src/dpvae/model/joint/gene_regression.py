"""Genes of cells from known ones, by linear regression."""

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import RidgeCV

from dpvae._data.some_rows import at_most
from dpvae.model.joint.dissociated import Dissociated

Values = NDArray[np.float32]

MOST_CELLS = 4_000
PENALTIES = np.logspace(0.0, 4.0, 9)


def regressed_genes(cells: Dissociated, known: Values) -> Values:
    """Predict genes by a ridge regression on known genes.

    Parameters
    ----------
    cells
        The dissociated cells, of which at most 4,000 are fitted, always the same ones.
    known
        The same genes of other cells, shape ``(n_others, n_known)``.

    Returns
    -------
    Standardised logarithms, shape ``(n_others, n_genes)``. The penalty of each gene is the one
    with the smallest error on cells that are left out.
    """
    some = np.sort(at_most(np.arange(len(cells.known)), MOST_CELLS, np.random.default_rng(0)))
    target = cells.genes[some].toarray() + cells.zero
    fitted = RidgeCV(PENALTIES, alpha_per_target=True).fit(cells.known[some], target)
    return np.asarray(fitted.predict(known), dtype=np.float32).reshape(len(known), -1)
