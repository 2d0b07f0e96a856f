"""The outline of some of a tissue's positions."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.contour import QuadContourSet
from numpy.typing import NDArray
from scipy.spatial import cKDTree

N_NEIGHBORS = 4
REACH = 1.2
REACH_OF_SHADOW = 0.8
PIXELS = 200

Points = NDArray[np.float64]


def draw_outline(
    ax: Axes,
    positions: Points,
    plane: Points,
    is_inside: NDArray[np.bool_],
    **look: Any,
) -> QuadContourSet:
    """Draw the line between positions that belong to a region and all others.

    Every point of the plane goes with its nearest position, unless that is much farther than
    positions are from their fourth neighbour: then it is no part of the tissue. In space the
    outline is the region's shadow.

    Parameters
    ----------
    ax
        The axes.
    positions
        Of the tissue, shape ``(n_positions, 2)`` or ``(n_positions, 3)``.
    plane
        The same as they are drawn, shape ``(n_positions, 2)``.
    is_inside
        Which of them belong to the region, shape ``(n_positions,)``; at least one.
    **look
        Arguments of :meth:`matplotlib.axes.Axes.contour`, such as the line width.
    """
    n_near = min(N_NEIGHBORS + 1, len(positions))
    is_plane = positions.shape[1] == 2
    spacing = float(np.median(cKDTree(positions).query(positions, k=[n_near])[0]))
    reach = (REACH if is_plane else REACH_OF_SHADOW) * spacing
    inner = plane[is_inside]
    low, high = inner.min(axis=0) - 2 * reach, inner.max(axis=0) + 2 * reach
    n_pixels = np.maximum(PIXELS * (high - low) / (high - low).max(), 2).astype(int)
    axes = [np.linspace(*ends) for ends in zip(low, high, n_pixels, strict=True)]
    pixels = np.stack(np.meshgrid(*axes), axis=-1)
    to_inside = _distances(inner, pixels, 2 * reach)
    to_outside = np.full_like(to_inside, reach)
    if is_plane and not is_inside.all():
        to_outside = _distances(plane[~is_inside], pixels, reach)
    return ax.contour(*axes, to_inside - to_outside, levels=[0.0], **look)


def _distances(points: Points, pixels: Points, most: float) -> Points:
    """Distance of each pixel to the nearest of the points, ``most`` if it is larger."""
    found = cKDTree(points).query(pixels, distance_upper_bound=most)[0]
    return np.asarray(np.minimum(found, most))
