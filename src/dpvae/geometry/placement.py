from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Solver = Literal["exact", "smacof", "window-smacof", "landmarks"]


@dataclass(frozen=True, eq=False)
class Placement:
    """Where cells were placed, and how well the distances agree.

    Attributes
    ----------
    coordinates
        Shape (n, p), in tissue units (latent units divided by the distance scale).
    stress
        Normalised stress: the root of Σ(d_z/λ − d_s)² / Σ(d_z/λ)², 0 for a perfect layout.
    n_iterations
        Iterations made; for cells placed one by one, those of the slowest cell.
    converged
        Whether the stopping rule was met within the allowed iterations.
    solver
        ``"exact"``, ``"smacof"``, ``"window-smacof"`` or ``"landmarks"``.

    Examples
    --------
    >>> import numpy as np
    >>> from dpvae.geometry import place_free
    >>> placement = place_free(np.array([[0.0, 0.0], [0.0, 4.0], [3.0, 0.0]]))
    >>> placement.solver, placement.converged, round(placement.stress, 9)
    ('exact', True, 0.0)
    """

    coordinates: NDArray[np.float64]
    stress: float
    n_iterations: int
    converged: bool
    solver: Solver
