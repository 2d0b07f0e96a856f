"""Cells that were placed in the frames of a reference's sections."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Placed:
    """Where cells were placed, and by what.

    Parameters
    ----------
    coordinates
        Shape ``(n_cells, 2)`` or ``(n_cells, 3)``, in the unit of the reference.
    latent
        z of the cells, shape ``(n_cells, n_latent)``.
    frame
        Name of the section in whose frame each cell is, shape ``(n_cells,)``.
    """

    coordinates: NDArray[np.float64]
    latent: NDArray[np.float32]
    frame: NDArray[np.str_]
