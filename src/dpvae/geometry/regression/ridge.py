"""Ridge regressions of places on latents, affine and quadratic."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Rows = NDArray[np.int64]

RELATIVE_PENALTIES = np.logspace(-5.0, 1.5, 14)
LARGEST_QUADRATIC = 20
BLOCK = 50_000


@dataclass(frozen=True, eq=False)
class Ridge:
    """Places as a linear function of latents, or of latents, their squares and products.

    Attributes
    ----------
    center
        Mean of the features, shape ``(n_features,)``.
    centroid
        Mean of the places, shape ``(n_dims,)``.
    coefficients
        Shape ``(n_features, n_dims)``.
    is_quadratic
        Whether squares and products of the first 20 latents are among the features.
    left_out
        Places of some of the cells, each predicted by the others, shape ``(n_left_out, n_dims)``.
    """

    center: Points
    centroid: Points
    coefficients: Points
    is_quadratic: bool
    left_out: Points

    def predict(self, latent: Points) -> Points:
        """Places of other cells.

        Parameters
        ----------
        latent
            z, in the scale of those that it was fitted to, shape ``(n_new, n_latent)``.

        Returns
        -------
        Shape ``(n_new, n_dims)``. Time O(n_new n_features), memory O(n_features) for 50,000 cells
        at most.
        """
        predicted = np.empty((len(latent), len(self.centroid)))
        for begin in range(0, len(latent), BLOCK):
            block = _features(latent[begin : begin + BLOCK], self.is_quadratic)
            predicted[begin : begin + BLOCK] = (
                self.centroid + (block - self.center) @ self.coefficients
            )
        return predicted


def fit_affine(latent: Points, places: Points, left_out: Rows) -> Ridge:
    """Ridge regression of places on latents (Hoerl & Kennard 1970).

    The penalty has the least squared error over the cells left out one by one, which has a closed
    form (Allen 1974).

    Parameters
    ----------
    latent
        z of cells of known place, scaled to unit variance by one common factor, shape
        ``(n_cells, n_latent)``.
    places
        Their places, shape ``(n_cells, n_dims)``.
    left_out
        Row numbers of the cells that the others are to predict, shape ``(n_left_out,)``.

    Returns
    -------
    The regression. Time O(n_cells n_latent²), memory O(n_cells n_latent).
    """
    return _fit(latent, places, left_out, is_quadratic=False)


def fit_quadratic(latent: Points, places: Points, left_out: Rows) -> Ridge:
    """Ridge regression of places on latents, their squares and products.

    Parameters
    ----------
    latent, places, left_out
        As in :func:`fit_affine`. Of more than 20 latent dimensions only the first 20 are used.

    Returns
    -------
    The regression. Time O(n_cells n_latent⁴), memory O(n_cells n_latent²).
    """
    return _fit(latent, places, left_out, is_quadratic=True)


def _fit(latent: Points, places: Points, left_out: Rows, *, is_quadratic: bool) -> Ridge:
    features, truth = _features(latent, is_quadratic), places[left_out]
    center, centroid = features.mean(axis=0), places.mean(axis=0)
    left, singular, right = np.linalg.svd(features - center, full_matrices=False)
    loadings = left.T @ (places - centroid)
    squares, rows = singular**2, left[left_out]
    best = (np.inf, 0.0, truth)
    for penalty in RELATIVE_PENALTIES * len(latent):
        shrinkage = squares / (squares + penalty)
        leverage = 1.0 / len(latent) + rows**2 @ shrinkage
        residual = truth - centroid - rows @ (shrinkage[:, None] * loadings)
        residual /= np.maximum(1.0 - leverage, 1e-9)[:, None]
        error = float((residual**2).sum())
        if error < best[0]:
            best = (error, float(penalty), truth - residual)
    coefficients = right.T @ ((singular / (squares + best[1]))[:, None] * loadings)
    return Ridge(center, centroid, coefficients, is_quadratic, best[2])


def _features(latent: Points, is_quadratic: bool) -> Points:  # noqa: FBT001
    """Latents, and their products scaled so that a rotation of the latents changes nothing."""
    if not is_quadratic:
        return latent
    few = latent[:, :LARGEST_QUADRATIC]
    first, second = np.triu_indices(few.shape[1])
    scale = np.where(first == second, np.sqrt(0.5), 1.0)
    return np.hstack([few, few[:, first] * few[:, second] * scale])
