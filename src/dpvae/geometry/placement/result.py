"""What a placement found, and how it ended."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dpvae.geometry.regression.blend import Blend

Solver = Literal["exact", "smacof", "window-smacof", "masked-smacof", "blend", "landmarks"]


@dataclass(frozen=True, eq=False)
class Placement:
    """Where cells were placed, and how well the distances agree.

    Attributes
    ----------
    coordinates
        Shape ``(n_cells, n_dims)``, in tissue units (latent units divided by the distance scale).
    stress
        Normalised stress: the root of Σ(d_z/λ − d_s)² / Σ(d_z/λ)², 0 for a perfect layout.
    n_iterations
        Iterations made; for cells placed one by one, of the slowest cell.
    converged
        Whether the stopping rule was met within the allowed iterations.
    solver
        ``"exact"``, ``"smacof"``, ``"window-smacof"``, ``"masked-smacof"``, ``"blend"`` or
        ``"landmarks"``.
    residual
        For each cell the root mean square of d_s − d_z/λ over its pairs, shape ``(n_cells,)``, in
        tissue units; ``None`` if it was not computed.
    expected_error
        For each cell the expected distance from its true place, shape ``(n_cells,)``, in tissue
        units, 0 for a hard anchor; ``None`` without anchors to learn it from that the latents were
        not trained on.
    blend
        Which ways of placing were mixed and how well each placed anchors left out; ``None`` where
        nothing was mixed.

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
    residual: NDArray[np.float64] | None = None
    expected_error: NDArray[np.float64] | None = None
    blend: Blend | None = None
