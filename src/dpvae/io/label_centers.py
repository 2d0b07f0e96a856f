"""Centres of labels in an image that is larger than memory."""

from itertools import product
from typing import Any

import numpy as np
import pandas as pd

BACKGROUND = 0


def label_centers(element: Any) -> pd.DataFrame:
    """Average the pixels of each label, block by block of the image.

    Only one block at a time is in memory; :func:`spatialdata.get_centroids` needs the whole image.

    Parameters
    ----------
    element
        Labels of a SpatialData object, with one or several scales.

    Returns
    -------
    A row for each label but the background, with its mean position in the element's own
    coordinates, columns ``x``, ``y`` and perhaps ``z``.
    """
    image = next(iter(element["scale0"].values())) if hasattr(element, "children") else element
    axes = [str(axis) for axis in image.dims]
    positions = {axis: np.asarray(image[axis], dtype=np.float64) for axis in axes}
    ends = [np.cumsum([0, *sizes]) for sizes in image.data.chunks]
    parts = []
    for index in product(*(range(len(end) - 1) for end in ends)):
        block = np.asarray(image.data.blocks[index])
        codes, labels = pd.factorize(block.ravel())
        sums = {"n": np.bincount(codes)}
        for number, axis in enumerate(axes):
            first, last = ends[number][index[number]], ends[number][index[number] + 1]
            shape = [-1 if other == number else 1 for other in range(len(axes))]
            along = positions[axis][first:last].reshape(shape)
            sums[axis] = np.bincount(codes, np.broadcast_to(along, block.shape).ravel())
        parts.append(pd.DataFrame(sums, index=labels))
    total = pd.concat(parts).groupby(level=0).sum().drop(index=BACKGROUND, errors="ignore")
    return total[[axis for axis in ("x", "y", "z") if axis in axes]].div(total["n"], axis=0)
