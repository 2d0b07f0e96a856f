"""Ways to predict the shares of genes at new positions."""

import numpy as np
import scvi
from scipy.spatial import cKDTree
from sklearn.decomposition import PCA

from dpvae.geometry.surfaces.surfaces import fit_surfaces
from dpvae.model import SPAVAE

N_NEIGHBORS = 6
N_COMPONENTS = 40
KERNEL_WIDTH = 2.5
MOST_NEIGHBORS = 60


def shares_of(cells):
    counts = cells.X.toarray().astype(np.float64)
    return counts / counts.sum(axis=1, keepdims=True)


def mean(known, places, seed):
    del seed
    return np.repeat(shares_of(known).mean(axis=0, keepdims=True), len(places), axis=0)


def neighbors(known, places, seed):
    del seed
    near = cKDTree(known.obsm["spatial"]).query(places, k=N_NEIGHBORS)[1]
    shares = shares_of(known)
    return np.stack([shares[rows].mean(axis=0) for rows in near])


def kernel(known, places, seed):
    """Gaussian, of 2.5 times the distance of neighbours."""
    del seed
    tree, shares = cKDTree(known.obsm["spatial"]), shares_of(known)
    pitch = np.median(tree.query(known.obsm["spatial"], k=2)[0][:, 1])
    distance, near = tree.query(places, k=min(MOST_NEIGHBORS, known.n_obs))
    weight = np.exp(-0.5 * (distance / (KERNEL_WIDTH * pitch)) ** 2)
    weight /= np.maximum(weight.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    return np.stack([w @ shares[rows] for w, rows in zip(weight, near, strict=True)])


def processes(known, places, seed):
    """Gaussian processes of principal components of log-normalised expression."""
    shares = shares_of(known)
    depth = np.median(np.asarray(known.X.sum(axis=1)))
    logarithms = np.log1p(shares * depth)
    axes = PCA(min(N_COMPONENTS, min(logarithms.shape) - 1), random_state=seed).fit(logarithms)
    surfaces = fit_surfaces(known.obsm["spatial"], axes.transform(logarithms)).surfaces

    def counts(at):
        return np.expm1(np.maximum(axes.inverse_transform(surfaces.at(at)), 0.0))

    expected = np.maximum(counts(known.obsm["spatial"]).mean(axis=0), np.finfo(float).tiny)
    found = counts(places) * shares.mean(axis=0) / expected
    return found / found.sum(axis=1, keepdims=True)


def spavae(known, places, seed, batch=None):
    cells = known.copy()
    scvi.settings.seed = seed
    SPAVAE.setup_anndata(cells)
    model = SPAVAE(cells, n_spatial=10, spatial_share=None, kl_weight=1.0)
    model.train(enable_progress_bar=False)
    return model.predict_expression(places, batch=batch).X


def network_alone(known, places, seed):
    """Without the surfaces of components, which know no batch."""
    return spavae(known, places, seed, batch="0")


METHODS = {
    "mean of all": mean,
    "mean of 6 neighbours": neighbors,
    "Gaussian kernel": kernel,
    "GP, 40 PCs": processes,
    "SPAVAE, network alone": network_alone,
    "SPAVAE": spavae,
}
