"""The frame of a simulated section: where and how it happened to lie under the microscope."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MICROMETERS_PER_RADIUS = 2000.0
OFFSETS = (4_000.0, 14_000.0)


@dataclass(frozen=True)
class Frame:
    """A rigid motion, its unit the micrometre.

    Attributes
    ----------
    rotation
        Rotation, with or without a reflection, shape (n_dims, n_dims).
    offset
        Shift in micrometres, shape (n_dims,).
    """

    rotation: NDArray[np.float64]
    offset: NDArray[np.float64]

    def apply(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points in radii of the organ, shape (n, n_dims), as micrometres of this frame."""
        return np.asarray(MICROMETERS_PER_RADIUS * points @ self.rotation.T + self.offset)


def draw_frame(n_dims: int, rng: np.random.Generator, *, upright: bool) -> Frame:
    """Random offset, and unless ``upright`` a random rotation, reflected half of the time."""
    offset = rng.uniform(*OFFSETS, n_dims)
    if upright:
        return Frame(np.eye(n_dims), offset)
    q, r = np.linalg.qr(rng.normal(size=(n_dims, n_dims)))
    return Frame(q * np.sign(np.diag(r)), offset)
