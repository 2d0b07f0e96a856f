"""Cells sorted from the middle outwards, so that results do not depend on how they were sorted."""

import numpy as np
from numpy.typing import NDArray


def middle_first(latent: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Bring a representation to mean 0 and mean variance 1, and sort cells by their distance to 0.

    All dimensions are scaled alike. Cells come in the same order, however the representation is
    moved, turned or scaled, and however its rows were sorted.

    Parameters
    ----------
    latent
        Finite, shape ``(n_cells, n_latent)``.

    Returns
    -------
    Row of each sorted cell, shape ``(n_cells,)``, and the sorted values, shape
    ``(n_cells, n_latent)``.

    Raises
    ------
    ValueError
        If all rows are equal.
    """
    largest = np.abs(latent).max()
    values = latent / largest if largest > 0 else latent
    values = values - values.mean(axis=0)
    deviation = np.sqrt((values**2).mean())
    if not deviation > 1e-12:
        message = "all cells have the same values, so no domains can be found."
        raise ValueError(message)
    values = values / deviation
    order = np.argsort(np.linalg.norm(values, axis=1), kind="stable")
    return order, values[order]
