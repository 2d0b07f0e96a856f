"""Mean of several layouts of the same cells."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dpvae.geometry.alignment.procrustes import align

Points = NDArray[np.float64]


def mean_layout(layouts: Sequence[Points], weights: Sequence[float]) -> Points:
    """Mean of several layouts of the same cells, in the frame and unit of the first.

    Every other layout is first moved onto it: shifted, turned, reflected and resized such that the
    sum of squares that it leaves is the least (:func:`align`). A layout that has little in common
    with the first becomes small by this, and so counts for little.

    Parameters
    ----------
    layouts
        Each of shape ``(n_cells, 2)`` or ``(n_cells, 3)``.
    weights
        How much each counts, at least 0, in any unit.

    Returns
    -------
    Shape ``(n_cells, 2)`` or ``(n_cells, 3)``. Time and memory O(n_cells) a layout.

    Examples
    --------
    >>> import numpy as np
    >>> from dpvae.geometry.alignment.mean_layout import mean_layout
    >>> square = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    >>> mean_layout([square, 50.0 - 8.0 * square[:, ::-1]], [1.0, 1.0]).round(6)
    array([[0., 0.],
           [1., 0.],
           [1., 1.],
           [0., 1.]])
    """
    first = layouts[0]
    return np.asarray(
        np.average([_moved(each, first) for each in layouts], axis=0, weights=weights)
    )


def _moved(layout: Points, onto: Points) -> Points:
    if layout is onto or _is_one_point(onto):
        return onto
    if _is_one_point(layout):
        return np.broadcast_to(onto.mean(axis=0), onto.shape)
    return align(layout, onto).apply(layout)


def _is_one_point(layout: Points) -> bool:
    return bool((layout == layout[0]).all())
