"""One opinion from several: probabilities, multiplied with weights."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Values = NDArray[np.float64]

LEAST = 1e-4
MOST_WEIGHT = 2.0


def pooled(opinions: Sequence[Values], weights: Values) -> Values:
    r"""Pool probabilities: the one of label l is in proportion to :math:`\prod_k p_{kl}^{w_k}`.

    Parameters
    ----------
    opinions
        Each of shape ``(n_cells, n_labels)``, rows of sum 1. Below 1/10,000 they count as that, so
        that none is a veto.
    weights
        Of the opinions, shape ``(n_opinions,)``.

    Returns
    -------
    Shape ``(n_cells, n_labels)``, rows of sum 1.

    Examples
    --------
    >>> import numpy as np
    >>> from dpvae.geometry.regression.label_pool import pooled
    >>> pooled([np.array([[0.5, 0.5]]), np.array([[0.9, 0.1]])], np.array([1.0, 1.0])).round(3)
    array([[0.9, 0.1]])
    """
    score = np.tensordot(weights, _logarithms(opinions), 1)
    weight = np.exp(score - score.max(axis=1, keepdims=True))
    return np.asarray(weight / weight.sum(axis=1, keepdims=True))


def fit_weights(opinions: Sequence[Values], codes: NDArray[np.intp]) -> Values:
    """Choose the weights that make the labels of cells as probable as can be.

    Weights below 1 in sum make up for opinions that are too sure, or that say the same. The last
    opinion can count against the others, as a prior does that both of them hold.

    Parameters
    ----------
    opinions
        Of cells whose labels were not used to form them, as for :func:`pooled`.
    codes
        Their labels, shape ``(n_cells,)``.

    Returns
    -------
    From 0 to 2, the last one from −2 to 2, shape ``(n_opinions,)``.
    """
    logarithm = _logarithms(opinions)
    at_truth = logarithm[:, np.arange(len(codes)), codes]

    def loss(weights: Values) -> tuple[float, Values]:
        likely = pooled(opinions, weights)
        value = -np.log(np.maximum(likely[np.arange(len(codes)), codes], LEAST**4)).mean()
        return float(value), ((likely * logarithm).sum(axis=2) - at_truth).mean(axis=1)

    bounds = [(0.0, MOST_WEIGHT)] * (len(opinions) - 1) + [(-MOST_WEIGHT, MOST_WEIGHT)]
    start = np.r_[np.full(len(opinions) - 1, 0.5), 0.0]
    found = minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B")
    return np.asarray(found.x)


def _logarithms(opinions: Sequence[Values]) -> Values:
    return np.log(np.maximum(np.stack(opinions), LEAST))
