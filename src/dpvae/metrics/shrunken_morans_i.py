"""Moran's I of many genes, shrunk by what chance explains."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, issparse
from sklearn.neighbors import kneighbors_graph

from dpvae.metrics.autocorrelation import autocorrelation

N_NEIGHBORS = 6
FEWEST_CELLS = 10
MOST_CELLS = 20_000
FLOOR = 0.01


def shrunken_morans_i(values: Any, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Moran's I if positive, shrunk towards the mean of the genes as far as it is chance.

    Over six nearest neighbours. With few cells I is partly chance: it is shrunk by the share of its
    spread that chance explains (James-Stein).

    Parameters
    ----------
    values
        Dense or sparse, shape ``(n_cells, n_genes)``, of cells of one section; at least ten.
    places
        Their coordinates, all known, shape ``(n_cells, 2)`` or ``(n_cells, 3)``.

    Returns
    -------
    Shape ``(n_genes,)``, nowhere negative. A gene that does not vary counts as one with I = 0.
    """
    graph = kneighbors_graph(places, N_NEIGHBORS)
    values = csr_matrix(values) if issparse(values) else np.asarray(values)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*variables are constant")
        statistic = autocorrelation(values, graph).morans_i
    found = np.nan_to_num(statistic.value - statistic.expected)
    by_chance = np.nanmean(statistic.variance_normality) if found.any() else 0.0
    reliable = max(0.0, 1.0 - by_chance / max(found.var(), 1e-12))
    shrunken: NDArray[np.float64] = found.mean() + reliable * (found - found.mean())
    return np.maximum(shrunken, 0.0)
