"""Ellipses around points."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection
from numpy.typing import NDArray


def draw_ellipses(
    ax: Axes,
    centers: NDArray[np.float64],
    half_axes: NDArray[np.float64],
    angles: NDArray[np.float64],
    **look: Any,
) -> EllipseCollection:
    """Draw outlines of ellipses and widen the axes to them.

    Parameters
    ----------
    ax
        The axes.
    centers
        Shape ``(n, 2)``.
    half_axes
        The longer first, shape ``(n, 2)``, in data units.
    angles
        Of the longer half axis to the first axis, in radians, shape ``(n,)``.
    **look
        Arguments of :class:`matplotlib.collections.EllipseCollection`, such as the line width.
    """
    outlines = EllipseCollection(
        2 * half_axes[:, 0],
        2 * half_axes[:, 1],
        np.degrees(angles),
        units="xy",
        offsets=centers,
        transOffset=ax.transData,
        facecolors="none",
        **look,
    )
    ax.add_collection(outlines)
    reach = half_axes[:, :1]
    ax.update_datalim(np.vstack([centers - reach, centers + reach]))
    ax.autoscale_view()
    return outlines
