"""Genes of cells by regressions on known genes, and on latents."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import pdist
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import RidgeCV

from dpvae._data.some_rows import at_most
from dpvae.model.joint.dissociated import Dissociated

Values = NDArray[np.float32]
Rows = NDArray[np.intp]

MOST_CELLS = 4_000
MOST_CELLS_FOR_WIDTH = 1_000
N_LANDMARKS = 500
ROWS_AT_A_TIME = 4_096
PENALTIES = np.logspace(0.0, 4.0, 9)
KERNEL_PENALTIES = np.logspace(-2.0, 2.0, 9)


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
    some = _fitted_rows(cells)
    fitted = RidgeCV(PENALTIES, alpha_per_target=True).fit(cells.known[some], _genes(cells, some))
    return np.asarray(fitted.predict(known), dtype=np.float32).reshape(len(known), -1)


def genes_by_latents(cells: Dissociated, latent: Values) -> Values:
    """Predict genes by a kernel ridge regression on latents.

    The kernel is Gaussian, as wide as the square root of half of the median squared distance of
    cells, and is approximated by 500 of them (Nyström).

    Parameters
    ----------
    cells
        As for :func:`regressed_genes`.
    latent
        z of other cells, shape ``(n_others, n_latent)``.

    Returns
    -------
    As of :func:`regressed_genes`.
    """
    some = _fitted_rows(cells)
    own = cells.latent[some].astype(np.float64)
    width = float(np.median(pdist(own[:: -(-len(own) // MOST_CELLS_FOR_WIDTH)], "sqeuclidean")))
    n_landmarks = min(N_LANDMARKS, len(own))
    kernel = Nystroem(gamma=1.0 / (width or 1.0), n_components=n_landmarks, random_state=0)
    features = kernel.fit_transform(own)
    fitted = RidgeCV(KERNEL_PENALTIES, alpha_per_target=True).fit(features, _genes(cells, some))
    found = np.empty((len(latent), cells.genes.shape[1]), dtype=np.float32)
    for begin in range(0, len(latent), ROWS_AT_A_TIME):
        block = kernel.transform(latent[begin : begin + ROWS_AT_A_TIME].astype(np.float64))
        found[begin : begin + len(block)] = fitted.predict(block).reshape(len(block), -1)
    return found


def _fitted_rows(cells: Dissociated) -> Rows:
    return np.sort(at_most(np.arange(len(cells.known)), MOST_CELLS, np.random.default_rng(0)))


def _genes(cells: Dissociated, rows: Rows) -> Values:
    return np.asarray(cells.genes[rows].toarray() + cells.zero, dtype=np.float32)
