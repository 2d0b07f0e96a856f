"""How well expression of hidden cells is predicted, gene by gene."""

import numpy as np
from scipy.special import gammaln

INVERSE_DISPERSIONS = np.exp(np.linspace(-2, 6, 25))
LEAST_SHARE = 1e-7
FEWEST_CELLS = 10


def negative_log_likelihood(counts, shares):
    """Mean over cells of a negative binomial, for each gene.

    The depth of each cell is known. The dispersion of a gene is chosen on one half of the cells and
    used on the other, for every method alike.
    """
    mean = np.maximum(shares, LEAST_SHARE) * counts.sum(axis=1, keepdims=True)
    half = np.arange(len(counts)) % 2
    sums = np.stack(
        [
            [_log_negative_binomial(counts, mean, theta)[half == k].sum(axis=0) for k in (0, 1)]
            for theta in INVERSE_DISPERSIONS
        ]
    )
    total = sum(
        np.take_along_axis(sums[:, k], sums[:, 1 - k].argmax(axis=0)[None], axis=0)[0]
        for k in (0, 1)
    )
    return -total / len(counts)


def correlation(counts, shares):
    """Pearson correlation of predicted and measured shares, for each gene; 0 if one is constant."""
    measured = counts / counts.sum(axis=1, keepdims=True)
    return _pearson(measured, shares)


def correlation_of_logarithms(counts, shares, depth):
    """The same of logarithms of counts, as if every cell had the same depth."""
    measured = counts / counts.sum(axis=1, keepdims=True)
    return _pearson(np.log1p(measured * depth), np.log1p(shares * depth))


def _pearson(first, second):
    varies = (np.ptp(first, axis=0) > 0) & (np.ptp(second, axis=0) > 0)
    first, second = (values - values.mean(axis=0) for values in (first, second))
    norm = np.sqrt((first**2).sum(axis=0) * (second**2).sum(axis=0))
    return np.where(varies, (first * second).sum(axis=0) / np.where(varies, norm, 1.0), 0.0)


def _log_negative_binomial(counts, mean, theta):
    return (
        gammaln(counts + theta)
        - gammaln(theta)
        - gammaln(counts + 1)
        + theta * np.log(theta / (theta + mean))
        + counts * np.log(mean / (theta + mean))
    )
