"""The distances that a layout is to have."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dpvae.geometry.placement.majorization import guttman_transform, window_transform
from dpvae.geometry.placement.stress import sampled_residual


@dataclass(frozen=True, eq=False)
class TargetDistances:
    """The distances that a layout is to have, and how far a layout is from them.

    All pairs are compared in double precision; windows and random pairs, whose noise is far
    larger, in single precision, after division by the radius of the targets.

    Attributes
    ----------
    targets
        z/λ, transposed: shape ``(n_latent, n_cells)``, centred, in tissue units.
    """

    targets: NDArray[np.float64]

    @cached_property
    def _radius(self) -> float:
        return float(np.sqrt(np.einsum("ij,ij->", self.targets, self.targets) / self.targets.size))

    @cached_property
    def _single(self) -> NDArray[np.float32]:
        return (self.targets / (self._radius or 1.0)).astype(np.float32)

    def _scaled(self, layout: NDArray[np.float64]) -> NDArray[np.float32]:
        return (layout / (self._radius or 1.0)).astype(np.float32)

    def all_pairs(self, layout: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
        """Guttman transform and residual over all pairs; see :func:`guttman_transform`."""
        return guttman_transform(self.targets, layout)

    def window(self, layout: NDArray[np.float64], cells: NDArray[np.int64]) -> NDArray[np.float64]:
        """Estimated Guttman transform; see :func:`window_transform`."""
        scaled = self._scaled(layout)
        estimate = window_transform(
            self._single,
            scaled,
            np.take(self._single, cells, axis=1),
            np.take(scaled, cells, axis=1),
        )
        return estimate.astype(np.float64) * (self._radius or 1.0)

    def sampled(self, layout: NDArray[np.float64], *, seed: int) -> float:
        """Estimated residual; see :func:`sampled_residual`."""
        residual = sampled_residual(self._single, self._scaled(layout), seed=seed)
        return residual * (self._radius or 1.0) ** 2
