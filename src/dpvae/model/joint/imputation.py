"""How genes of the tissue are read out of a joint latent space, and how sure that is."""

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from dpvae.model.joint.dissociated import correlations

Values = NDArray[np.float32]

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
SMOOTHINGS = (0.0, 0.5, 1.0)
LEVELS = np.linspace(0.0, 1.0, 201)
FEWEST_REACHED = 0.02
LEAST_SPREAD = 0.1


@dataclass(frozen=True, eq=False)
class ReadOuts:
    """What several ways of reading say of genes, in standard deviations of the dissociated cells.

    Parameters
    ----------
    decoded
        By the decoder, shape ``(n_cells, n_genes)``.
    near
        Mean of the nearest dissociated cells in the latent space.
    painted
        Mean of the dissociated cells, weighted by the probability that they are there.
    spread
        Standard deviation among the nearest cells.
    """

    decoded: Values
    near: Values
    painted: Values
    spread: Values


@dataclass(frozen=True, eq=False)
class Imputation:
    """The mean of several read-outs that was best for the calibration genes.

    Parameters
    ----------
    shares
        Of the decoder, the nearest cells and the painted patterns, of sum 1.
    smoothing
        Share of the mean of a cell and its ten neighbours in the tissue.
    ratios
        Quantiles of the errors of calibration genes, in spreads, at the levels 0, 0.005, …, 1.
    reached
        Mean correlation of the calibration genes with what was measured.
    promised
        Mean correlation of these genes with latent neighbours among the dissociated cells.
    """

    shares: NDArray[np.float64]
    smoothing: float
    ratios: NDArray[np.float64]
    reached: float
    promised: float

    def mean(self, found: ReadOuts, tissue: csr_matrix) -> Values:
        """Give the imputed values, shape ``(n_cells, n_genes)``.

        Parameters
        ----------
        found
            What each way of reading says.
        tissue
            Weights of each cell and its neighbours in the tissue, shape ``(n_cells, n_cells)``.
        """
        mixed = _mixed((found.decoded, found.near, found.painted), self.shares)
        return _smoothed(mixed, _means(mixed, tissue), self.smoothing)

    def margin(self, found: ReadOuts, level: float) -> Values:
        """Half the width of intervals that hold this share of the values."""
        ratio = np.interp(level, LEVELS, self.ratios)
        return np.asarray(ratio * _spread(found), dtype=np.float32)

    def expected_correlation(self, latent_correlation: NDArray[np.float64]) -> NDArray[np.float64]:
        """Correlation with the truth that can be expected of genes.

        Parameters
        ----------
        latent_correlation
            How well latent neighbours tell them among the dissociated cells, shape ``(n_genes,)``.
        """
        if not self.promised > FEWEST_REACHED:
            return np.full(latent_correlation.shape, np.nan)
        scaled = self.reached / self.promised * latent_correlation
        return np.asarray(np.clip(scaled, -1.0, 1.0))


def fit_imputation(
    found: ReadOuts, true: Values, tissue: csr_matrix, latent_correlation: NDArray[np.float64]
) -> Imputation:
    """Choose the best mean of read-outs for the calibration genes, and measure its errors.

    Parameters
    ----------
    found
        What each way of reading says of them, shape ``(n_cells, n_genes)`` each.
    true
        What was measured, in standard deviations of the tissue's cells, of the same shape.
    tissue
        Weights of each cell and its neighbours in the tissue.
    latent_correlation
        How well latent neighbours tell them among the dissociated cells, shape ``(n_genes,)``.
    """
    parts = (found.decoded, found.near, found.painted)
    even = tuple(_means(part, tissue) for part in parts)
    best, shares, smoothing = -np.inf, np.array([1.0, 0.0, 0.0]), 0.0
    for tried in (np.array(some) for some in product(SHARES, repeat=3) if sum(some) == 1.0):
        own, around = _mixed(parts, tried), _mixed(even, tried)
        for share in SMOOTHINGS:
            reached = float(np.nanmean(correlations(_smoothed(own, around, share), true)))
            if reached > best:
                best, shares, smoothing = reached, tried, share
    fitted = Imputation(shares, smoothing, np.zeros(len(LEVELS)), best, 1.0)
    ratio = np.abs(true - fitted.mean(found, tissue)) / _spread(found)
    return Imputation(
        shares=shares,
        smoothing=smoothing,
        ratios=np.quantile(ratio, LEVELS),
        reached=best,
        promised=float(np.nanmean(latent_correlation)),
    )


def _smoothed(own: Values, around: Values, share: float) -> Values:
    return np.asarray(own + np.float32(share) * (around - own))


def _mixed(parts: tuple[Values, ...], shares: NDArray[np.float64]) -> Values:
    return np.asarray(np.tensordot(shares.astype(np.float32), np.stack(parts), 1))


def _means(values: Values, tissue: csr_matrix) -> Values:
    return np.asarray(tissue @ values, dtype=np.float32)


def _spread(found: ReadOuts) -> Values:
    return np.asarray(np.sqrt(found.spread**2 + LEAST_SPREAD**2), dtype=np.float32)
