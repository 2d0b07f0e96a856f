"""Gaussian mixture of representations."""

import warnings

import numpy as np
from numpy.typing import NDArray

from dpvae._data.counted import counted
from dpvae.tl.middle_first import middle_first

N_STARTS, MOST_STEPS = 10, 500
SMALLEST_VARIANCE = 1e-6


def mixture_probabilities(
    latent: NDArray[np.float64], n_domains: int, seed: int
) -> NDArray[np.float64]:
    """Probability of each cell to be of each component of a Gaussian mixture.

    All components share one covariance, which is estimated from the data. Starts are the clusters
    of k-means, and the best of ten is taken. The unit and the axes of the representation do not
    matter, nor does the order of cells.

    Parameters
    ----------
    latent
        Finite, shape ``(n_cells, n_latent)``.
    n_domains
        Number of components.
    seed
        Seed of the starts.

    Returns
    -------
    Shape ``(n_cells, n_domains)``; rows sum to 1.

    Raises
    ------
    ValueError
        If fewer than ``n_domains`` rows are different, which includes a constant representation.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    order, values = middle_first(latent)
    n_distinct = len(np.unique(values, axis=0))
    if n_distinct < n_domains:
        message = (
            f"has {counted(n_distinct, 'different row')}, from which {n_domains} domains cannot "
            "be made."
        )
        raise ValueError(message)
    mixture = GaussianMixture(
        n_domains,
        covariance_type="tied",
        reg_covar=SMALLEST_VARIANCE,
        n_init=N_STARTS,
        max_iter=MOST_STEPS,
        random_state=seed,
    )
    with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
        found = mixture.fit(values).predict_proba(values)
    probabilities: NDArray[np.float64] = np.empty(found.shape)
    probabilities[order] = found
    return probabilities
