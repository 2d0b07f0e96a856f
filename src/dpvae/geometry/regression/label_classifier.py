"""Probabilities of labels from values of cells, by multinomial regression."""

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Codes = NDArray[np.intp]

STRENGTHS = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
N_FOLDS = 5
MOST_STEPS = 1_000
TINY = 1e-12


@dataclass(frozen=True, eq=False)
class LabelClassifier:
    """Multinomial logistic regression, as strong as predicts left-out cells best.

    Parameters
    ----------
    intercept
        Shape ``(n_labels,)``.
    slopes
        Shape ``(n_values, n_labels)``.
    left_out
        Probabilities for the cells that it was fitted to, each by a fit without its fifth, shape
        ``(n_cells, n_labels)``.
    """

    intercept: Values
    slopes: Values
    left_out: Values

    def probabilities(self, values: Values) -> Values:
        """Probability of each label for cells with these values, shape ``(n_new, n_labels)``."""
        score = self.intercept + values @ self.slopes
        weight = np.exp(score - score.max(axis=1, keepdims=True))
        return np.asarray(weight / weight.sum(axis=1, keepdims=True))


def fit_label_classifier(values: Values, codes: Codes, *, seed: int = 0) -> LabelClassifier:
    """Fit a regression of labels on values, with the penalty that predicts left-out cells best.

    Parameters
    ----------
    values
        Shape ``(n_cells, n_values)``. All are penalised alike, so bring them to one unit.
    codes
        Label of each cell, from 0 on, shape ``(n_cells,)``. Each label has five cells or more, and
        there are two labels or more.
    seed
        Seed of the division into fifths. By default 0.

    Returns
    -------
    The regression. Time O(n_cells n_values n_labels), some thousand times.

    Examples
    --------
    >>> import numpy as np
    >>> from dpvae.geometry.regression.label_classifier import fit_label_classifier
    >>> values = np.linspace(-1, 1, 100)[:, None]
    >>> found = fit_label_classifier(values, (values[:, 0] > 0).astype(int))
    >>> found.probabilities(np.array([[-1.0], [1.0]])).argmax(axis=1).tolist()
    [0, 1]
    """
    from sklearn.model_selection import StratifiedKFold

    folds = list(StratifiedKFold(N_FOLDS, shuffle=True, random_state=seed).split(values, codes))
    best: Values = np.empty((0, 0))
    lowest, strength = np.inf, STRENGTHS[0]
    for candidate in STRENGTHS:
        left_out = np.empty((len(values), int(codes.max()) + 1))
        for others, mine in folds:
            fitted = _fitted(values[others], codes[others], candidate)
            left_out[mine] = fitted.probabilities(values[mine])
        at_truth = left_out[np.arange(len(codes)), codes]
        loss = -float(np.log(np.maximum(at_truth, TINY)).mean())
        if loss < lowest:
            best, lowest, strength = left_out, loss, candidate
    fitted = _fitted(values, codes, strength)
    return LabelClassifier(fitted.intercept, fitted.slopes, best)


def _fitted(values: Values, codes: Codes, strength: float) -> LabelClassifier:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
        model = LogisticRegression(C=strength, max_iter=MOST_STEPS).fit(values, codes)
    slopes, intercept = model.coef_.T, model.intercept_
    if len(intercept) == 1:  # of two labels sklearn fits the second one alone
        slopes, intercept = np.hstack([0 * slopes, slopes]), np.r_[0.0, intercept]
    return LabelClassifier(intercept, slopes, np.empty((0, len(intercept))))
