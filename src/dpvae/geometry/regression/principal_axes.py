"""Principal axes of latents and of genes."""

import numpy as np
from numpy.typing import NDArray

N_POWER_ITERATIONS = 4


def principal_axes(
    values: NDArray[np.floating], most: int | None = None
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Find the directions in which values vary most.

    Parameters
    ----------
    values
        Shape ``(n_cells, n_features)``.
    most
        How many axes are wanted of many features: they are then found with random projections
        (Halko et al. 2011), always the same. By default all are found.

    Returns
    -------
    The axes, shape ``(n_features, n_axes)``, and the variances along them, the largest first, shape
    ``(n_axes,)``. There are at most as many as features and one less than cells, and none if
    nothing varies.
    """
    n_axes = min(most or values.shape[1], values.shape[1], len(values) - 1)
    if n_axes < 1 or not np.ptp(values, axis=0).any():
        return np.zeros((values.shape[1], 0)), np.zeros(0)
    if most is None:
        variances, axes = np.linalg.eigh(np.atleast_2d(np.cov(values.T)))
        return axes[:, ::-1][:, :n_axes], np.maximum(variances[::-1][:n_axes], 0.0)
    from sklearn.decomposition import PCA

    pca = PCA(
        n_axes, svd_solver="randomized", iterated_power=N_POWER_ITERATIONS, random_state=0
    ).fit(values)
    return pca.components_.T, pca.explained_variance_
