"""p-values of genes by several tests."""

import numpy as np
from scipy.sparse import csr_matrix, diags
from sklearn.neighbors import kneighbors_graph

from dpvae.metrics import autocorrelation, kernel_test
from dpvae.metrics.cauchy_combination import cauchy_combination
from dpvae.metrics.depth_trend import trend_basis
from dpvae.metrics.mixture_of_chi_squares import mixture_tail

QUANTILES = (0.2, 0.4, 0.6, 0.8, 1.0)


def kernels(problem):
    """Our test, given the depth."""
    return kernel_test(problem.counts, problem.places, depth=problem.depth).p_value


def morans_i(problem):
    """Moran's I of log-normalised counts over six neighbours, under randomisation."""
    scale = np.median(problem.depth) / problem.depth
    logarithms = csr_matrix(diags(scale) @ problem.counts).log1p()
    return tail_of_morans_i(problem, logarithms)


def morans_i_after_depth(problem):
    """Moran's I of log(1 + counts), from which depth is taken out as our test does."""
    logarithms = np.log1p(problem.counts.toarray())
    trend = trend_basis(problem.depth, np.empty((len(problem.depth), 0)))
    return tail_of_morans_i(problem, logarithms - trend @ (trend.T @ logarithms))


def tail_of_morans_i(problem, values):
    graph = kneighbors_graph(problem.places, 6)
    return autocorrelation(values, graph).morans_i.p_randomization


def spark_x(problem):
    """SPARK-X (Zhu, Sun & Zhou 2021): counts against eleven transformations of the coordinates."""
    return covariance_tests(problem, np.ones((len(problem.depth), 1)))


def spark_x_depth(problem):
    """SPARK-X with the logarithm of depth as a covariate."""
    return covariance_tests(problem, np.c_[np.ones(len(problem.depth)), np.log(problem.depth)])


def covariance_tests(problem, covariates):
    counts = problem.counts.toarray()
    values = counts - covariates @ np.linalg.lstsq(covariates, counts, rcond=None)[0]
    squares = (values**2).sum(axis=0)
    p_values = []
    for found in transformed(problem.places):
        axes = found - covariates @ np.linalg.lstsq(covariates, found, rcond=None)[0]
        whole = np.linalg.inv(found.T @ found)
        statistic = np.einsum("ig,ij,jg->g", axes.T @ values, whole, axes.T @ values) / squares
        weights = np.linalg.eigvals(whole @ axes.T @ axes).real
        excess = len(values) * statistic - weights.sum()
        p_values.append(mixture_tail(excess, *((weights**k).sum() for k in (2, 3, 4))))
    return cauchy_combination(np.stack(p_values))


def transformed(places):
    """The coordinates, their Gaussian and their cosine transformations at five scales."""
    centered = places - places.mean(axis=0)
    scales = np.quantile(np.abs(centered), QUANTILES, axis=0)
    yield centered
    for scale in scales:
        yield np.exp(-(centered**2) / (2.0 * scale**2))
        yield np.cos(2.0 * np.pi * centered / scale)


OURS = "kernel test"
METHODS = {
    OURS: kernels,
    "SPARK-X": spark_x,
    "SPARK-X, log depth as covariate": spark_x_depth,
    "Moran's I": morans_i,
    "Moran's I after depth": morans_i_after_depth,
}
