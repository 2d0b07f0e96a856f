"""How widely places are spread, compared with the cells of a reference."""

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.float64]


def relative_spread(places: Places, reference: Places) -> Places:
    """Spread of places in the directions in which it differs most and least from a reference's.

    Does not depend on how the frame is turned, or on its unit.

    Parameters
    ----------
    places
        Shape ``(n_cells, 2)`` or ``(n_cells, 3)``.
    reference
        Places of the reference's cells, in the same frame, shape ``(n_reference, n_dims)``.

    Returns
    -------
    Ratios of standard deviations along as many directions as there are dimensions, the smallest
    first: 1 as wide as the reference, 0 all in one place. Directions in which the reference has no
    width are left out.
    """
    centered = reference - reference.mean(axis=0)
    variances, directions = np.linalg.eigh(centered.T @ centered / len(reference))
    has_width = variances > 1e-12 * variances.max()
    scaled = (places - places.mean(axis=0)) @ directions[:, has_width]
    scaled /= np.sqrt(variances[has_width])
    singular = np.linalg.svd(scaled, compute_uv=False)
    ratios = np.zeros(int(has_width.sum()))
    ratios[: len(singular)] = singular / np.sqrt(len(places))
    return np.sort(ratios)
