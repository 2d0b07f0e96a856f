"""How genes of the tissue are read out of a joint latent space, and how sure that is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls
from scipy.sparse import csr_matrix

from dpvae.model.joint.dissociated import correlations

Values = NDArray[np.float32]
Numbers = NDArray[np.float64]

WAYS = ("decoded", "by_latents", "painted", "regressed")
SMOOTHINGS = (0.0, 0.25, 0.5, 0.75, 1.0)
LEVELS = np.linspace(0.0, 1.0, 201)
LEAST_PROMISE = 0.02
LEAST_SPREAD = 1.0
PRIOR_GENES = 1.0
PRIOR_VARIANCE = 0.1


@dataclass(frozen=True, eq=False)
class ReadOuts:
    """What several ways of reading say of genes, in standard deviations of the dissociated cells.

    Parameters
    ----------
    ways
        Shape ``(4, n_cells, n_genes)``: by the decoder; by kernel regression on latents; mean of
        the dissociated cells, weighted by the probability that they are there; by linear
        regression on known genes.
    spread
        Standard deviation among the nearest cells, shape ``(n_cells, n_genes)``.
    """

    ways: Values
    spread: Values

    @property
    def scale(self) -> Values:
        """What errors are in proportion to: the spread, and as much for what nobody knows."""
        return np.asarray(np.sqrt(self.spread**2 + LEAST_SPREAD**2), dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Imputation:
    """The sum of several read-outs that was nearest to the calibration genes.

    Parameters
    ----------
    weights
        Of the four ways of reading, at least 0.
    smoothing
        Share of the mean of a cell and its ten neighbours in the tissue.
    ratios
        Quantiles of the errors of calibration genes, in scales, at the levels 0, 0.005, …, 1.
    reached
        Mean correlation of the calibration genes with what was measured.
    promised
        Mean standard deviation of what was imputed for them.
    """

    weights: Numbers
    smoothing: float
    ratios: Numbers
    reached: float
    promised: float

    @property
    def paints(self) -> bool:
        """Whether painted patterns count."""
        return bool(self.weights[WAYS.index("painted")] > 0)

    def mean(self, found: ReadOuts, tissue: csr_matrix) -> Values:
        """Give the imputed values, shape ``(n_cells, n_genes)``.

        Parameters
        ----------
        found
            What each way of reading says.
        tissue
            Weights of each cell and its neighbours in the tissue, shape ``(n_cells, n_cells)``.
        """
        return _smoothed(_mixed(found.ways, self.weights), tissue, self.smoothing)

    def margin(self, found: ReadOuts, level: float) -> Values:
        """Half the width of intervals that hold this share of the values."""
        ratio = np.float32(np.interp(level, LEVELS, self.ratios))
        return np.asarray(ratio * found.scale)

    def expected_correlation(self, mean: Values) -> Numbers:
        """Correlation with the truth that can be expected of genes.

        The best guess of a standardised gene varies as much as it correlates with the truth, and
        not at all where nothing is known. So what is expected is in proportion to this variation.

        Parameters
        ----------
        mean
            From :meth:`mean`, shape ``(n_cells, n_genes)``.

        Returns
        -------
        Shape ``(n_genes,)``; NaN for fewer than two cells, or if too little is known of the
        calibration genes to say.
        """
        if not self.promised > LEAST_PROMISE or len(mean) < 2:
            return np.full(mean.shape[1], np.nan)
        scaled = self.reached / self.promised * mean.std(axis=0, dtype=np.float64)
        return np.asarray(np.clip(scaled, -1.0, 1.0))


def fit_imputation(found: ReadOuts, true: Values, tissue: csr_matrix) -> Imputation:
    """Weigh the ways of reading by the calibration genes, and measure the errors that are left.

    Errors and correlations of a calibration gene are those with the weights that the others give.

    Parameters
    ----------
    found
        What each way of reading says of them.
    true
        What was measured, in standard deviations of the tissue's cells, shape
        ``(n_cells, n_genes)``.
    tissue
        Weights of each cell and its neighbours in the tissue.
    """
    genes = np.arange(true.shape[1])
    products = [_products(found.ways[:, :, gene], true[:, gene]) for gene in genes]
    squares, pulls = (np.stack(parts) for parts in zip(*products, strict=True))
    left_out = np.stack(
        [
            _mixed(found.ways[:, :, gene], _weights(squares[genes != gene], pulls[genes != gene]))
            for gene in genes
        ],
        axis=1,
    )
    tried = {share: _smoothed(left_out, tissue, share) for share in SMOOTHINGS}
    reached = {share: _mean(correlations(values, true)) for share, values in tried.items()}
    smoothing = max(reached, key=lambda share: reached[share])
    return Imputation(
        weights=_weights(squares, pulls),
        smoothing=smoothing,
        ratios=np.quantile(np.abs(true - tried[smoothing]) / found.scale, LEVELS),
        reached=reached[smoothing],
        promised=_mean(tried[smoothing].std(axis=0, dtype=np.float64)),
    )


def _products(ways: Values, true: Values) -> tuple[Numbers, Numbers]:
    """Mean products of the ways with each other, and with the truth, over cells."""
    values = ways.astype(np.float64)
    return values @ values.T / len(true), values @ true / len(true)


def _weights(squares: Numbers, pulls: Numbers) -> Numbers:
    """Weights, at least 0, of the smallest squared error over genes; the decoder's if all are 0.

    They are drawn to equal ones, as by one more gene of which each way explains a tenth: few genes
    would give a way that hardly varies any weight.
    """
    prior = PRIOR_GENES * PRIOR_VARIANCE
    square = squares.sum(axis=0) + prior * np.eye(len(WAYS))
    pull = pulls.sum(axis=0) + prior / len(WAYS)
    values, axes = np.linalg.eigh(square)
    root = axes * np.sqrt(np.maximum(values, 1e-12))
    weights = np.asarray(nnls(root.T, np.linalg.solve(root, pull))[0])
    return weights if weights.any() else np.eye(len(WAYS))[0]


def _mixed(ways: Values, weights: Numbers) -> Values:
    return np.asarray(np.tensordot(weights.astype(np.float32), ways, 1))


def _smoothed(values: Values, tissue: csr_matrix, share: float) -> Values:
    if share == 0.0:
        return values
    around = np.asarray(tissue @ values, dtype=np.float32)
    return np.asarray(values + np.float32(share) * (around - values))


def _mean(values: Numbers) -> float:
    """Mean of what is known, 0 if nothing is."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else 0.0
