"""How well hidden genes are imputed, gene by gene: scores of Li et al. (2022), and of intervals.

All take arrays of shape (n_positions, n_genes), the truth first, and give one number per gene.
"""

import numpy as np
from scipy.spatial import cKDTree

N_NEIGHBORS = 10
LUMINANCE, CONTRAST = 0.01**2, 0.03**2


def pearson(truth, imputed):
    """Correlation over positions; 0 if one of both is constant."""
    return (_z_scores(truth) * _z_scores(imputed)).mean(axis=0)


def structural_similarity(truth, imputed):
    """SSIM of values that were divided by the largest of their gene."""
    truth, imputed = (_divided_by_largest(values) for values in (truth, imputed))
    mean, other_mean = truth.mean(axis=0), imputed.mean(axis=0)
    covariance = ((truth - mean) * (imputed - other_mean)).mean(axis=0)
    likeness = (2 * mean * other_mean + LUMINANCE) / (mean**2 + other_mean**2 + LUMINANCE)
    spread = truth.var(axis=0) + imputed.var(axis=0) + CONTRAST
    return likeness * (2 * covariance + CONTRAST) / spread


def error_of_z_scores(truth, imputed):
    """Root of the mean squared difference; z-scores of a constant gene are 0."""
    return np.sqrt(((_z_scores(truth) - _z_scores(imputed)) ** 2).mean(axis=0))


def jensen_shannon(truth, imputed):
    """Divergence of the distributions over positions, in nats; below 0 counts as 0."""
    first, second = (_distributions(values) for values in (truth, imputed))
    middle = (first + second) / 2
    return (_kullback_leibler(first, middle) + _kullback_leibler(second, middle)) / 2


def coverage(truth, lower, upper):
    """Share of positions whose z-score is within the interval, which is in standard deviations."""
    values = _z_scores(truth)
    return ((values >= lower) & (values <= upper)).mean(axis=0)


def local_means(values, places):
    """Mean of the ten nearest positions, each itself included."""
    near = cKDTree(places).query(places, k=min(N_NEIGHBORS, len(places)))[1]
    return values[near].mean(axis=1)


SCORES = {
    "pearson": pearson,
    "ssim": structural_similarity,
    "rmse": error_of_z_scores,
    "js": jensen_shannon,
}


def _z_scores(values):
    deviation = values.std(axis=0)
    varies = np.ptp(values, axis=0) > 0
    return np.where(varies, (values - values.mean(axis=0)) / np.where(varies, deviation, 1.0), 0.0)


def _divided_by_largest(values):
    largest = values.max(axis=0)
    return values / np.where(largest > 0, largest, 1.0)


def _distributions(values):
    positive = np.maximum(values, 0.0)
    total = positive.sum(axis=0)
    uniform = np.full(len(values), 1 / len(values))[:, None]
    return np.where(total > 0, positive / np.where(total > 0, total, 1.0), uniform)


def _kullback_leibler(first, second):
    ratio = np.divide(first, second, out=np.ones_like(first), where=first > 0)
    return (first * np.log(ratio)).sum(axis=0)
