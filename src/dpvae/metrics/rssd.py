"""What remains between two layouts after a rotation about the origin."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from dpvae.geometry import check_coordinate_rows, known_rows
from dpvae.metrics.paired import paired_rows

FEWEST_CELLS = 3


def rssd(true: ArrayLike, recovered: ArrayLike) -> float:
    """Root sum of squared distances after the best rotation, or reflection, about the origin.

    Nothing is scaled or centred: bring both layouts to one unit first. As LUNA :cite:p:`Yu25`
    computes it, with :meth:`scipy.spatial.transform.Rotation.align_vectors` of planar places with a
    third coordinate of 0. A rotation through the third dimension is a mirror image, so in the plane
    mirror images are allowed; in three dimensions they are not.

    Parameters
    ----------
    true
        Shape ``(n_cells, 2)`` or ``(n_cells, 3)``.
    recovered
        Of the same shape and in the same unit. Rows with NaN in either are dropped.

    Returns
    -------
    At least 0, in the unit of the coordinates. Grows with the root of the number of cells, so
    compare values of the same cells only.

    Raises
    ------
    ValueError
        If the shapes differ, places have another number of dimensions, or fewer than three cells
        are known in both.

    Notes
    -----
    Time and memory O(n_cells).

    Examples
    --------
    >>> from dpvae.metrics import rssd
    >>> round(rssd([[1, 0], [0, 2], [0, 0]], [[0, 1], [-2, 0], [0, 3]]), 9)
    3.0
    """
    first, second = paired_rows(true, recovered, at_least=FEWEST_CELLS)
    if first.shape[1] not in (2, 3):
        message = f"true has {first.shape[1]} dimensions: places have 2 or 3."
        raise ValueError(message)
    left, _, right = np.linalg.svd(second.T @ first)
    if first.shape[1] == 3 and np.linalg.det(left @ right) < 0.0:
        left[:, -1] *= -1.0
    return float(np.linalg.norm(first - second @ left @ right))


def rssd_by_class(true: ArrayLike, recovered: ArrayLike, labels: ArrayLike) -> pd.Series:
    """:func:`rssd` of the cells of each class, which are rotated by themselves.

    Parameters
    ----------
    true, recovered
        As for :func:`rssd`.
    labels
        Class of each cell, such as its cell type, shape ``(n_cells,)``. Cells without one are left
        out.

    Returns
    -------
    One value for each class of three cells or more, in the order of their names. LUNA reports the
    sum and the mean.

    Raises
    ------
    ValueError
        As for :func:`rssd`, if there is another number of labels, or no class has three cells.

    Examples
    --------
    >>> from dpvae.metrics import rssd_by_class
    >>> places = [[1, 0], [0, 2], [0, 0], [4, 4]]
    >>> rssd_by_class(places, places, ["a", "a", "a", "b"]).round(9).to_dict()
    {'a': 0.0}
    """
    one, other = (
        check_coordinate_rows(given, name=name)
        for given, name in ((true, "true"), (recovered, "recovered"))
    )
    classes = pd.Series(np.ravel(np.asarray(labels, dtype=object)))
    if len(classes) != len(one) or one.shape != other.shape:
        message = (
            f"true has shape {one.shape}, recovered {other.shape}, and there are {len(classes)} "
            "labels: all three need one row for the same cell."
        )
        raise ValueError(message)
    classes = classes[known_rows(one) & known_rows(other)]
    found = {
        name: rssd(one[cells.index], other[cells.index])
        for name, cells in classes.groupby(classes)
        if len(cells) >= FEWEST_CELLS
    }
    if not found:
        message = f"No class has {FEWEST_CELLS} cells of known places, which are needed."
        raise ValueError(message)
    return pd.Series(found, name="rssd")
