"""The outline of a simulated organ: an ellipsoid with smooth lobes and dents."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

N_SMALL_BUMPS = 6


@dataclass(frozen=True)
class Outline:
    r"""Boundary of a star-shaped body: its distance from the centre in every direction.

    .. math::

        R(u) = \lVert u / a \rVert^{-1}
        \Bigl(1 + \sum_b h_b\, e^{\kappa_b (u \cdot c_b - 1)}\Bigr)

    Attributes
    ----------
    axes
        Half-axes a of the ellipsoid, shape (n_dims,).
    centers
        Directions c of the bumps, unit vectors, shape (n_bumps, n_dims).
    heights
        Heights h, shape (n_bumps,); a lobe is positive, a dent negative.
    sharpness
        Concentrations κ, shape (n_bumps,).
    """

    axes: NDArray[np.float64]
    centers: NDArray[np.float64]
    heights: NDArray[np.float64]
    sharpness: NDArray[np.float64]

    def radius(self, directions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Distance of the boundary, shape (n,), along unit vectors of shape (n, n_dims)."""
        ellipsoid = 1 / np.linalg.norm(directions / self.axes, axis=1)
        bumps = np.exp(self.sharpness * (directions @ self.centers.T - 1)) @ self.heights
        return np.asarray(ellipsoid * (1 + bumps))

    def body_coordinates(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points of shape (n, n_dims) as points of the unit ball: the organ without its shape.

        The same place of the organ has the same body coordinates in every section.
        """
        norm = np.linalg.norm(points, axis=1, keepdims=True)
        anywhere = np.eye(1, points.shape[1])
        directions = np.where(norm > 0, points, anywhere) / np.where(norm > 0, norm, 1)
        return np.asarray(points / self.radius(directions)[:, None])

    def another_section(self, rng: np.random.Generator) -> "Outline":
        """Outline of a further section of the same organ: similar, not identical."""
        return replace(
            self,
            axes=self.axes * np.exp(rng.normal(0, 0.04, self.axes.shape)),
            heights=self.heights + rng.normal(0, 0.025, self.heights.shape),
        )


def draw_outline(
    hilum: NDArray[np.float64], lobe: NDArray[np.float64], rng: np.random.Generator
) -> Outline:
    """Outline of an organ with a dent at its hilum, one lobe and small bumps all over.

    Parameters
    ----------
    hilum, lobe
        Their directions, unit vectors, shape (n_dims,).
    rng
        Source of the small bumps.
    """
    n_dims = len(hilum)
    small = rng.normal(size=(N_SMALL_BUMPS, n_dims))
    small /= np.linalg.norm(small, axis=1, keepdims=True)
    return Outline(
        axes=np.array([1.1, 0.9, 0.8])[:n_dims],
        centers=np.vstack([hilum, lobe, small]),
        heights=np.concatenate([[-0.35, 0.45], rng.normal(0, 0.09, N_SMALL_BUMPS)]),
        sharpness=np.concatenate([[10.0, 8.0], rng.uniform(5, 25, N_SMALL_BUMPS)]),
    )
