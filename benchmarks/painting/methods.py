"""Ways to paint hidden genes of cells on the positions of the atlas: (n_positions, n_genes)."""

from functools import partial

import numpy as np
from scipy.sparse import csr_matrix
from scipy.stats import zscore
from sklearn.neighbors import KNeighborsRegressor

import dpvae
from benchmarks.accuracy.methods.baselines import neighbors
from benchmarks.accuracy.methods.models import dpvae as dpvae_places
from benchmarks.accuracy.methods.peers import answer_of
from benchmarks.accuracy.problem import Problem

N_CELLS = 20
WIDTH_OF_CORRELATION = 0.1


def painted(embryo):
    reference = embryo.drawn[:, embryo.shown]
    return dpvae.tl.paint(embryo.cells, reference, genes=embryo.hidden).X


def correlated(embryo):
    """Probabilities that grow with the correlation with the stain, much as in DistMap."""
    weights = np.exp(_correlation(embryo) / WIDTH_OF_CORRELATION)
    return _weighted(weights / weights.sum(axis=1, keepdims=True), embryo)


def best_match(embryo):
    return _around(embryo.stained.obsm["spatial"][_correlation(embryo).argmax(axis=1)], embryo)


def placed(embryo, *, method):
    """Place the cells among the drawn counts, by a method of the accuracy benchmark."""
    reference, query = embryo.drawn[:, embryo.shown].copy(), embryo.cells[:, embryo.shown].copy()
    for adata in (reference, query):
        adata.X = csr_matrix(adata.X)
    unknown = np.full((query.n_obs, 3), np.nan)
    return _around(method(Problem(reference, query, unknown, seed=0))[0], embryo)


def random_places(embryo):
    rng = np.random.default_rng(0)
    places = embryo.stained.obsm["spatial"]
    return _around(places[rng.integers(len(places), size=embryo.cells.n_obs)], embryo)


def transported(embryo, *, alpha, space):
    """NovoSpaRc, in an environment of its own, with the stain and the whole transcriptome."""
    reference = embryo.stained[:, embryo.shown].copy()
    options = (str(alpha), space)
    weights = answer_of("novoSpaRc", reference, embryo.transcriptome, "paint_novosparc.py", options)
    return _weighted(weights, embryo)


def _correlation(embryo):
    cells = zscore(zscore(embryo.cells[:, embryo.shown].X, axis=0), axis=1)
    stain = zscore(zscore(embryo.stained[:, embryo.shown].X, axis=0), axis=1)
    return cells @ stain.T / len(embryo.shown)


def _weighted(weights, embryo):
    """Means over cells, each of which has a weight for every position."""
    mean = weights.T @ embryo.cells[:, embryo.hidden].X
    return mean / weights.sum(axis=0)[:, None]


def _around(places, embryo):
    """Means of the cells that are placed around each position."""
    cells = KNeighborsRegressor(N_CELLS).fit(places, embryo.cells[:, embryo.hidden].X)
    return cells.predict(embryo.stained.obsm["spatial"])


METHODS = {
    "dpvae.tl.paint": painted,
    "correlation with the stain": correlated,
    "best matching position": best_match,
    "placed by DPVAE": partial(placed, method=dpvae_places),
    "placed by kNN": partial(placed, method=neighbors),
    "random places": random_places,
    "novoSpaRc, as in its tutorial": partial(transported, alpha=0.8, space="all genes"),
    "novoSpaRc, at its best": partial(transported, alpha=0.5, space="components"),
}
