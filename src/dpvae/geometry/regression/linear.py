from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Rows = NDArray[np.int64]

RELATIVE_PENALTIES = np.logspace(-5.0, 1.5, 14)
NEIGHBOUR_COUNTS = (5, 10, 20, 40)
LARGEST_QUADRATIC = 20
EXACT_SEARCH = 10_000
SLACK = 1.0
BLOCK = 50_000


@dataclass(frozen=True)
class Regression:
    """Places learned from anchors, for all cells and for anchors that were left out.

    Attributes
    ----------
    places
        Shape (q, p), of the cells without a place.
    without
        Shape (m, p), of the chosen anchors, each predicted by the others.
    """

    places: Points
    without: Points


def affine(anchors: Points, places: Points, left_out: Rows, others: Points) -> Regression:
    """Ridge regression of places on latents (Hoerl & Kennard 1970).

    The penalty has the least squared error over the anchors left out one by one, which has a closed
    form (Allen 1974).

    Parameters
    ----------
    anchors
        z of the anchors, scaled to unit variance by one common factor, shape (a, d).
    places
        Their places, shape (a, p).
    left_out
        Row numbers of the anchors that are to be predicted by the others, shape (m,).
    others
        z of the cells without a place, in the same scale, shape (q, d).

    Returns
    -------
    The regression. Time O(a d² + q d), memory O(a d).
    """
    return _ridge(anchors, places, left_out, others, _as_they_are)


def quadratic(anchors: Points, places: Points, left_out: Rows, others: Points) -> Regression:
    """Ridge regression of places on latents, their squares and products.

    Parameters
    ----------
    anchors, places, left_out, others
        As in :func:`affine`. Of more than 20 latent dimensions only the first 20 are used.

    Returns
    -------
    The regression. Time O(a d⁴ + q d²), memory O(a d²).
    """
    few = slice(LARGEST_QUADRATIC)
    return _ridge(anchors[:, few], places, left_out, others[:, few], _with_products)


def neighbours(anchors: Points, places: Points, left_out: Rows, others: Points) -> Regression:
    """Mean place of the nearest anchors in the latent space.

    Their number is 5, 10, 20 or 40, whichever has the least error over the anchors left out. Among
    more than 10,000 anchors the search is approximate, the k-th anchor found being at most twice as
    far as the k-th nearest, and uses all cores.

    Parameters
    ----------
    anchors, places, left_out, others
        As in :func:`affine`.

    Returns
    -------
    The regression. Time about O(q log a), memory O(q p + a d).
    """
    from scipy.spatial import cKDTree

    tree = cKDTree(anchors)
    is_large = len(anchors) > EXACT_SEARCH
    search = partial(tree.query, eps=SLACK if is_large else 0.0, workers=-1 if is_large else 1)
    counts = [k for k in NEIGHBOUR_COUNTS if k < len(anchors)] or [len(anchors) - 1]
    found = search(anchors[left_out], k=max(counts) + 1)[1]
    nearby = _without_self(found, left_out)
    without = {k: places[nearby[:, :k]].mean(axis=1) for k in counts}
    errors = {k: float(((without[k] - places[left_out]) ** 2).sum()) for k in counts}
    best = min(counts, key=lambda k: errors[k])
    predicted = np.empty((len(others), places.shape[1]))
    for begin in range(0, len(others), BLOCK):
        nearest = search(others[begin : begin + BLOCK], k=best)[1]
        predicted[begin : begin + BLOCK] = places[nearest].mean(axis=1)
    return Regression(predicted, without[best])


def _ridge(
    anchors: Points,
    places: Points,
    left_out: Rows,
    others: Points,
    features: Callable[[Points], Points],
) -> Regression:
    known = features(anchors)
    mean, centroid = known.mean(axis=0), places.mean(axis=0)
    left, singular, right = np.linalg.svd(known - mean, full_matrices=False)
    loadings = left.T @ (places - centroid)
    squares, rows = singular**2, left[left_out]
    best = (np.inf, 0.0, places[left_out])
    for penalty in RELATIVE_PENALTIES * len(anchors):
        shrinkage = squares / (squares + penalty)
        leverage = 1.0 / len(anchors) + rows**2 @ shrinkage
        residual = places[left_out] - centroid - rows @ (shrinkage[:, None] * loadings)
        residual /= np.maximum(1.0 - leverage, 1e-9)[:, None]
        error = float((residual**2).sum())
        if error < best[0]:
            best = (error, float(penalty), places[left_out] - residual)
    weights = right.T @ ((singular / (squares + best[1]))[:, None] * loadings)
    predicted = np.empty((len(others), places.shape[1]))
    for begin in range(0, len(others), BLOCK):
        block = features(others[begin : begin + BLOCK])
        predicted[begin : begin + BLOCK] = centroid + (block - mean) @ weights
    return Regression(predicted, best[2])


def _as_they_are(latent: Points) -> Points:
    return latent


def _with_products(latent: Points) -> Points:
    """Latents, and their products scaled so that a rotation of the latents changes nothing."""
    first, second = np.triu_indices(latent.shape[1])
    scale = np.where(first == second, np.sqrt(0.5), 1.0)
    return np.hstack([latent, latent[:, first] * latent[:, second] * scale])


def _without_self(found: Rows, cells: Rows) -> Rows:
    """Drop every cell from its own row of neighbours, or the last of them if it is not there."""
    others = found != cells[:, None]
    others[others.all(axis=1), -1] = False
    return np.asarray(found[others].reshape(len(found), found.shape[1] - 1))
