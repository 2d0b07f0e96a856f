"""A grid of positions inside a tissue's outline."""

from math import inf

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

Points = NDArray[np.float64]

FEWEST_CELLS = 20
FLAT = 1e-6
N_NEIGHBORS = 4
REACH = 1.5
MOST_POSITIONS = 100_000
ROUNDING = 1e-6


def has_outline(places: Points) -> bool:
    """Whether places are 20 or more, and not all on a line, or on a plane in three dimensions."""
    if len(places) < FEWEST_CELLS:
        return False
    spread = np.linalg.svd(places - places.mean(axis=0), compute_uv=False)
    return bool(spread[-1] > FLAT * spread[0])


def grid_inside(places: Points, spacing: float) -> Points:
    """Make a grid of the positions that are inside a tissue.

    Inside is what is as near to a cell as cells are to their fourth neighbour, and half as far
    again: the outline follows gulfs and holes that are wider than that. Cells of the same place
    count as one.

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
        If there are fewer than 20 different places or all are on a line (in three dimensions, on a
        plane), so that there is no outline; if the spacing is not a positive number, gives more
        than 100,000 positions in the box around the tissue, or is so large that none is inside.
    """
    check_spacing(spacing)
    spacing = float(spacing)
    places = np.unique(places, axis=0)
    if not has_outline(places):
        message = (
            f"There is no outline to fill with a grid: the section's cells are at {len(places)} "
            f"different places, and {FEWEST_CELLS} are needed that are not all on a line. Use the "
            "measured positions, spacing=None."
        )
        raise ValueError(message)
    extent = np.ptp(places, axis=0)
    size = " by ".join(f"{x:.4g}" for x in extent)
    if not _n_positions(extent, spacing) <= MOST_POSITIONS:
        message = (
            f"spacing is {spacing}, and the tissue is {size}: give a distance of at least "
            f"{_least(extent):.2g}, which makes no more than {MOST_POSITIONS} positions."
        )
        raise ValueError(message)
    tree = cKDTree(places)
    n_near = min(N_NEIGHBORS + 1, len(places))
    usual = float(np.median(tree.query(places, k=[n_near])[0]))
    box = _box(places.min(axis=0), extent, spacing)
    inside = tree.query(box)[0] <= REACH * usual
    if not inside.any():
        message = (
            f"spacing is {spacing}, and the tissue is {size}: none of the grid's positions is "
            "inside it. Give a smaller distance."
        )
        raise ValueError(message)
    return np.asarray(box[inside])


def _n_positions(extent: Points, spacing: float) -> float:
    """How many positions of this spacing the box around a tissue has, about."""
    usable = spacing > extent.max() / MOST_POSITIONS and np.isfinite(spacing)
    return float(np.prod(extent / spacing + 1.0)) if usable else np.inf


def _least(extent: Points) -> float:
    """Spacing that gives nearly as many positions as are allowed."""
    spacing = float(extent.max()) / MOST_POSITIONS
    while _n_positions(extent, spacing) > 0.85 * MOST_POSITIONS:
        spacing *= 1.05
    return spacing


def _box(lowest: Points, extent: Points, spacing: float) -> Points:
    """Grid in the middle of the box around a tissue."""
    n_steps = np.floor(extent / spacing + ROUNDING)
    first = lowest + 0.5 * (extent - n_steps * spacing)
    axes = [
        start + spacing * np.arange(int(n) + 1) for start, n in zip(first, n_steps, strict=True)
    ]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(extent))


def check_spacing(spacing: float) -> None:
    """Raise if a distance of positions is not a positive number."""
    is_number = isinstance(spacing, int | float | np.integer | np.floating)
    if not is_number or isinstance(spacing, bool) or not 0.0 < float(spacing) < inf:
        message = f"spacing is {spacing!r}: give a positive number, in the unit of the coordinates."
        raise ValueError(message)
