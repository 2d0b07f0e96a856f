"""Where background and foreground of proteins start, from the counts of a reference."""

from typing import Any

import numpy as np
import torch
from scipy.sparse import issparse
from sklearn.mixture import GaussianMixture

from dpvae._data.some_rows import at_most
from dpvae.module.background_decoder import ProteinKinds

MOST_CELLS = 5_000
LEAST_MEAN, LEAST_DEVIATION, LEAST_RISE, LEAST_SHARE = 0.1, 0.05, 0.1, 0.01


def protein_kinds(expression: Any) -> ProteinKinds:
    """Background and foreground of each protein, if all cells were alike.

    As spaMultiVAE starts: the logarithms of a protein's counts are two normal distributions, of
    which the lower one is the background.

    Parameters
    ----------
    expression
        Raw counts, shape ``(n_cells, n_proteins)``. 5,000 cells at most are read.
    """
    rows = at_most(np.arange(expression.shape[0]), MOST_CELLS, np.random.default_rng(0))
    some = expression[rows]
    counts = some.toarray() if issparse(some) else some
    logarithms = np.log1p(np.asarray(counts, dtype=np.float64))
    found = np.stack([_kinds_of(values) for values in logarithms.T], axis=1)
    return ProteinKinds(*torch.from_numpy(found).float())


def _kinds_of(logarithms: Any) -> tuple[float, float, float, float]:
    """Log-mean and deviation of the background, rise of the foreground, share of background."""
    n_kinds = min(2, len(np.unique(logarithms)))
    kinds = GaussianMixture(n_kinds, random_state=0).fit(logarithms[:, None])
    lower = kinds.means_[:, 0].argmin()
    lowest, highest = (
        max(np.expm1(mean), LEAST_MEAN) for mean in (kinds.means_.min(), kinds.means_.max())
    )
    return (
        np.log(lowest),
        max(np.sqrt(kinds.covariances_[lower, 0, 0]), LEAST_DEVIATION),
        max(highest / lowest - 1, LEAST_RISE),
        np.clip(kinds.weights_[lower], LEAST_SHARE, 1 - LEAST_SHARE),
    )
