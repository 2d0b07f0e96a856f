"""Ways to impute hidden genes in the tissue.

A method takes a :class:`~benchmarks.imputation.pairs.Problem` and gives :class:`Imputed`. To add
one, write a function and name it in ``METHODS``.
"""

from functools import partial

import numpy as np
from scipy.spatial.distance import pdist
from sklearn.decomposition import PCA
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import RidgeCV
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import normalize

import dpvae
from benchmarks.imputation.imputed import Imputed
from benchmarks.imputation.joint import joint_model
from benchmarks.imputation.pairs import dense
from benchmarks.imputation.peers import NAMES
from benchmarks.imputation.peers.answers import imputed_by

N_NEIGHBORS = 50
N_COMPONENTS = 30
MOST_PRINCIPAL_VECTORS = 50
LEAST_COSINE = 0.3
PENALTIES = np.logspace(0, 4, 9)
KERNEL_PENALTIES = np.logspace(-2, 2, 9)


def mean(problem):
    """The mean of all cells, the same everywhere."""
    values = _hidden_in_cells(problem).mean(axis=0, keepdims=True)
    return Imputed(np.repeat(values, problem.tissue.n_obs, axis=0))


def neighbors(problem):
    """Mean of the 50 nearest cells among principal components of the shown genes."""
    cells, tissue = _z_scores(problem)
    n_components = min(N_COMPONENTS, cells.shape[1] - 1)
    axes = PCA(n_components, random_state=problem.seed).fit(np.vstack([cells, tissue]))
    near = NearestNeighbors(n_neighbors=N_NEIGHBORS).fit(axes.transform(cells))
    chosen = near.kneighbors(axes.transform(tissue), return_distance=False)
    return Imputed(_hidden_in_cells(problem)[chosen].mean(axis=1))


def spage_like(problem):
    """Weighted mean of the 50 nearest cells, by cosine, in the space of principal vectors."""
    cells, tissue = _z_scores(problem)
    n_vectors = min(cells.shape[1] // 2, MOST_PRINCIPAL_VECTORS)
    axes = [
        PCA(n_vectors, random_state=problem.seed).fit(values).components_
        for values in (cells, tissue)
    ]
    left, cosines, _ = np.linalg.svd(axes[0] @ axes[1].T)
    common = (left.T @ axes[0])[cosines > LEAST_COSINE]
    near = NearestNeighbors(n_neighbors=N_NEIGHBORS, metric="cosine").fit(cells @ common.T)
    distance, chosen = near.kneighbors(tissue @ common.T)
    distance = np.where(distance < 1, distance, np.inf)
    is_near = np.isfinite(distance)
    total = np.where(is_near, distance, 0.0).sum(axis=1, keepdims=True)
    weight = np.where(is_near, 1 - distance / np.maximum(total, np.finfo(float).tiny), 0.0)
    weight /= np.maximum(weight.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    return Imputed(np.einsum("pn,png->pg", weight, _hidden_in_cells(problem)[chosen]))


def ridge(problem):
    """Linear regression of each hidden gene on the shown ones."""
    cells, tissue = _z_scores(problem)
    fitted = RidgeCV(PENALTIES, alpha_per_target=True).fit(cells, _hidden_in_cells(problem))
    return Imputed(fitted.predict(tissue))


def kernel_ridge(problem):
    """The same on a Gaussian kernel of the shown genes, each cell of one length.

    The kernel's variance is a quarter of the median squared distance.
    """
    cells, tissue = (normalize(values) for values in _z_scores(problem))
    typical = np.median(pdist(cells, "sqeuclidean"))
    kernel = Nystroem(gamma=2.0 / typical, n_components=len(cells), random_state=problem.seed)
    fitted = RidgeCV(KERNEL_PENALTIES, alpha_per_target=True)
    fitted.fit(kernel.fit_transform(cells), _hidden_in_cells(problem))
    return Imputed(fitted.predict(kernel.transform(tissue)))


def paint(problem):
    found = dpvae.tl.paint(problem.cells, problem.tissue, problem.hidden, seed=problem.seed)
    return Imputed(dense(found.X).astype(np.float64))


def peer(problem, *, name):
    """Another tool, in an environment of its own."""
    values, seconds = imputed_by(name, problem)
    return Imputed(values, seconds=seconds)


METHODS = {
    "mean of all": mean,
    "kNN on components": neighbors,
    "SpaGE-like": spage_like,
    "ridge": ridge,
    "kernel ridge": kernel_ridge,
    "dpvae.tl.paint": paint,
    "DPVGAE": joint_model,
    "… β = 1": partial(joint_model, kl_weight=1.0),
    "… without distances": partial(joint_model, dp_weight=0.0),
    "… without neighbourhoods": partial(joint_model, neighborhood=False),
    "… standardised together": partial(joint_model, standardize="reference"),
    "… discriminator": partial(joint_model, plan={"alignment": "adversarial"}),
    "… kernel": partial(joint_model, plan={"alignment": "kernel"}),
    "… cells first, frozen": partial(
        joint_model, order="cells_first", plan={"alignment": "adversarial"}
    ),
    "… negative binomial": partial(joint_model, gene_likelihood="nb"),
    **{name: partial(peer, name=name) for name in NAMES},
}
ALONE = (
    "mean of all",
    "kNN on components",
    "SpaGE-like",
    "ridge",
    "kernel ridge",
    "dpvae.tl.paint",
)


def _z_scores(problem):
    """Shown genes of the cells and of the tissue, each scaled by itself."""
    cells = problem.cells[:, problem.shown].X.astype(np.float64)
    return tuple(
        (values - values.mean(axis=0)) / np.maximum(values.std(axis=0), np.finfo(np.float32).eps)
        for values in (cells, problem.tissue.X.astype(np.float64))
    )


def _hidden_in_cells(problem):
    return problem.cells[:, problem.hidden].X.astype(np.float64)
