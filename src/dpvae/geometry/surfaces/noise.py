"""How values of cells depart from surfaces, together."""

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

LEAST_DEVIATION = 1e-12


def noise_precision(residuals: Points) -> Points:
    """Inverse of the covariance of departures, shrunk towards independence.

    Values that depart together are less telling than they seem: the covariance says which
    directions of expression place does not explain. With few cells it is drawn towards its diagonal
    (:cite:t:`Ledoit04`, for the correlations).

    Parameters
    ----------
    residuals
        Of cells from surfaces that did not see them, shape ``(n_cells, n_values)``.

    Returns
    -------
    Shape ``(n_values, n_values)``. A value that never departs counts like one whose departures are
    10⁻¹² of the largest, so that values may differ much in their units.
    """
    from sklearn.covariance import ledoit_wolf

    deviation = np.sqrt((residuals**2).mean(axis=0))
    deviation = np.maximum(deviation, LEAST_DEVIATION * deviation.max() or 1.0)
    correlation, _ = ledoit_wolf(residuals / deviation, assume_centered=True)
    np.fill_diagonal(correlation, 1.0)  # less for values that never depart
    return np.asarray(np.linalg.inv(correlation) / np.outer(deviation, deviation))
