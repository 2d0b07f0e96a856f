"""A grid of positions inside a tissue's outline."""

from itertools import count
from math import floor, inf, log10, prod

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

Points = NDArray[np.float64]

FEWEST_PLACES = 20
N_NEIGHBORS = 4
REACH = 1.5
MOST_POSITIONS = 100_000


def grid_inside(places: Points, spacing: float) -> Points:
    """Make a grid of the positions that are inside a tissue.

    Inside is what is as near to a cell as cells are to their fourth neighbour, and half as far
    again: the outline follows gulfs and holes that are wider than that.

    Parameters
    ----------
    places
        Of cells, shape ``(n_cells, 2)`` or ``(n_cells, 3)``, without NaN.
    spacing
        Distance of neighbouring positions, in the unit of the places.

    Returns
    -------
    Shape ``(n_positions, n_dims)``, in rows parallel to the axes.

    Raises
    ------
    ValueError
        If there are fewer than 20 different places or all are on a line, so that there is no
        outline; if the spacing is not a positive number, gives more than 100,000 positions, or none
        inside.
    """
    check_spacing(spacing)
    spacing = float(spacing)
    apart = np.unique(places, axis=0)
    n_dims = places.shape[1]
    if len(apart) < FEWEST_PLACES or np.linalg.matrix_rank(apart - apart.mean(axis=0)) < n_dims:
        message = (
            f"There is no outline to fill with a grid: the section's cells are at {len(apart)} "
            f"different places, and {FEWEST_PLACES} are needed that are not all on a line. Use the "
            "measured positions, spacing=None."
        )
        raise ValueError(message)
    extent = np.ptp(apart, axis=0)
    tissue = f"spacing is {spacing}, and the tissue is {' by '.join(f'{x:.4g}' for x in extent)}"
    if _n_positions(extent, spacing) > MOST_POSITIONS:
        message = (
            f"{tissue}: give a distance of at least {_least(extent):.2g}, which makes no more than "
            f"{MOST_POSITIONS} positions."
        )
        raise ValueError(message)
    offset = 0.5 * (extent % spacing)
    axes = [
        start + shift + spacing * np.arange(int(length // spacing) + 1)
        for start, shift, length in zip(apart.min(axis=0), offset, extent, strict=True)
    ]
    box = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, n_dims)
    tree = cKDTree(apart)
    usual = float(np.median(tree.query(apart, k=N_NEIGHBORS + 1)[0][:, -1]))
    inside = tree.query(box)[0] <= REACH * usual
    if not inside.any():
        message = (
            f"{tissue}: no position of so coarse a grid is inside it. Give a smaller distance."
        )
        raise ValueError(message)
    return np.asarray(box[inside])


def check_spacing(spacing: float) -> None:
    """Raise if a distance of positions is not a positive number."""
    is_number = isinstance(spacing, int | float | np.integer | np.floating)
    if not is_number or isinstance(spacing, bool) or not 0.0 < float(spacing) < inf:
        message = f"spacing is {spacing!r}: give a positive number, in the unit of the coordinates."
        raise ValueError(message)


def _n_positions(extent: Points, spacing: float) -> float:
    return float(prod(length / spacing + 1.0 for length in extent.tolist()))


def _least(extent: Points) -> float:
    """Smallest spacing of two digits that gives no more positions than are allowed."""
    lowest = floor(log10(extent.max() / MOST_POSITIONS)) - 1
    distances = (digits * 10.0**power for power in count(lowest) for digits in range(10, 100))
    return next(x for x in distances if _n_positions(extent, x) <= MOST_POSITIONS)
