"""A grid of positions inside a tissue's outline."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

Points = NDArray[np.float64]

FEWEST_CELLS = 20
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
        If there are fewer than 20 cells or all are on a line, so that there is no outline; if the
        spacing is not positive, or gives more than 100,000 positions.
    """
    extent = np.ptp(places, axis=0) if len(places) else np.zeros(1)
    if len(places) < FEWEST_CELLS or np.linalg.matrix_rank(places - places.mean(axis=0)) < len(
        extent
    ):
        message = (
            f"There is no outline to fill with a grid: the section has {len(places)} cells of "
            f"known place, and {FEWEST_CELLS} are needed that are not all on a line. Use the "
            "measured positions, spacing=None."
        )
        raise ValueError(message)
    n_positions = np.prod(extent / spacing + 1.0) if spacing > 0 else np.inf
    if not n_positions <= MOST_POSITIONS:
        message = (
            f"spacing is {spacing}, and the tissue is {' by '.join(f'{x:.4g}' for x in extent)}: "
            f"give a distance of at least {_least(extent):.2g}, which makes no more than "
            f"{MOST_POSITIONS} positions."
        )
        raise ValueError(message)
    lowest = places.min(axis=0)
    offset = 0.5 * (extent % spacing)
    axes = [
        start + shift + spacing * np.arange(int(length // spacing) + 1)
        for start, shift, length in zip(lowest, offset, extent, strict=True)
    ]
    box = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(extent))
    tree = cKDTree(places)
    usual = np.median(tree.query(places, k=N_NEIGHBORS + 1)[0][:, -1])
    inside = tree.query(box)[0] <= REACH * max(float(usual), 0.0)
    return np.asarray(box[inside])


def _least(extent: Points) -> float:
    """Spacing that gives just as many positions as are allowed."""
    return float((np.prod(extent) / MOST_POSITIONS) ** (1.0 / len(extent)) * 1.1)
