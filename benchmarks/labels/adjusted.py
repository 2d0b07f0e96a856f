"""What was tried against probabilities that are too sure on another donor's section."""

from dataclasses import replace

import numpy as np
from scipy.optimize import brentq

N_STEPS = 200
MOST_TEMPERATURE = 6.0
FIFTH = 5


def with_frequencies(probabilities, prior):
    """Probabilities if labels are as frequent as fits them best (Saerens et al., 2002)."""
    frequency = prior
    for _ in range(N_STEPS):
        found = probabilities * (frequency / prior)
        found /= found.sum(axis=1, keepdims=True)
        frequency = found.mean(axis=0)
    return found


def cooled(probabilities, accuracy):
    """Make probabilities less sure, until the mean of the highest is an accuracy."""

    def excess(temperature):
        return _at(probabilities, temperature).max(axis=1).mean() - accuracy

    if excess(1.0) <= 0.0:
        return probabilities
    if excess(MOST_TEMPERATURE) >= 0.0:
        return _at(probabilities, MOST_TEMPERATURE)
    return _at(probabilities, brentq(excess, 1.0, MOST_TEMPERATURE))


def _at(probabilities, temperature):
    score = np.log(np.maximum(probabilities, 1e-12)) / temperature
    found = np.exp(score - score.max(axis=1, keepdims=True))
    return found / found.sum(axis=1, keepdims=True)


def within(problem):
    """The same problem with a fifth of the reference for its query."""
    number = np.random.default_rng(0).permutation(problem.reference.n_obs) % FIFTH
    known, new = problem.reference[number > 0].copy(), problem.reference[number == 0].copy()
    codes = np.searchsorted(problem.names, new.obs["label"].astype(str))
    return replace(problem, reference=known, query=new, codes=codes)


def expected_accuracy(problem, labels, one, other):
    """Accuracy on a left-out fifth, in proportion to how often two methods agree.

    They agree less often where the query is not as the reference, and so are both less often right.
    """
    inside = within(problem)
    accuracy = (labels(inside).argmax(axis=1) == inside.codes).mean()
    agreement = [
        (one(given).argmax(axis=1) == other(given).argmax(axis=1)).mean()
        for given in (problem, inside)
    ]
    return min(1.0, accuracy * agreement[0] / agreement[1])
