"""How values of cells depart from surfaces, together."""

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

LEAST_DEVIATION = 1e-12


def noise_precision(residuals: Points, values: Points) -> Points:
    """Inverse of the covariance of departures, shrunk towards independence.

    Values that depart together are less telling than they seem: the covariance says which
    directions of expression place does not explain. With few cells it is drawn towards its diagonal
    (:cite:t:`Ledoit04`, for the correlations).

    Parameters
    ----------
    residuals
        Of cells from surfaces that did not see them, shape ``(n_cells, n_values)``.
    values
        Of these cells, of the same shape, each in a unit of its own.

    Returns
    -------
    Shape ``(n_values, n_values)``. A value that never departs counts as if its departures were
    10⁻¹² of its own size, or 10⁻¹² if it is always 0, whatever the units of the others.
    """
    from sklearn.covariance import ledoit_wolf

    deviation = np.sqrt((residuals**2).mean(axis=0))
    deviation = np.maximum(deviation, LEAST_DEVIATION * np.abs(values).max(axis=0))
    deviation = np.where(deviation > 0.0, deviation, LEAST_DEVIATION)
    correlation, _ = ledoit_wolf(residuals / deviation, assume_centered=True)
    np.fill_diagonal(correlation, 1.0)  # less for values that never depart
    return np.asarray(np.linalg.inv(correlation) / np.outer(deviation, deviation))
