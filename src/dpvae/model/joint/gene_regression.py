"""Genes of cells from the genes that the encoder sees, by linear regression."""

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import RidgeCV

from dpvae._data.some_rows import at_most
from dpvae.model.joint.dissociated import Dissociated

Values = NDArray[np.float32]

MOST_CELLS = 4_000
PENALTIES = np.logspace(0.0, 4.0, 9)


def regressed_genes(cells: Dissociated, seen: Values) -> Values:
    """Predict genes by a ridge regression on what the encoder sees.

    Parameters
    ----------
    cells
        The dissociated cells, of which at most 4,000 are fitted, always the same ones.
    seen
        What the encoder sees of other cells, shape ``(n_others, n_shown)``.

    Returns
    -------
    Standardised logarithms, shape ``(n_others, n_genes)``. The penalty of each gene is the one
    with the smallest error on cells that are left out.
    """
    some = np.sort(at_most(np.arange(len(cells.seen)), MOST_CELLS, np.random.default_rng(0)))
    target = cells.genes[some].toarray() + cells.zero
    fitted = RidgeCV(PENALTIES, alpha_per_target=True).fit(cells.seen[some], target)
    return np.asarray(fitted.predict(seen), dtype=np.float32).reshape(len(seen), -1)
