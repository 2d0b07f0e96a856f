"""How far from surfaces of expression cells usually are whose axes they were not fitted to."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from dpvae._data.section import cells_per_section
from dpvae._data.some_rows import at_most
from dpvae.geometry.posterior.grid import has_outline
from dpvae.geometry.surfaces.surfaces import N_FOLDS
from dpvae.geometry.surfaces.tissue_model import USUAL, relative_distance
from dpvae.model.atlas.spatial_axes import SpatialAxes

Rows = NDArray[np.intp]
Values = NDArray[np.float64]

ENOUGH_CELLS = 200
MOST_CELLS = 3_000
LEAST = 0.01


def fifths(section: NDArray[np.str_], known: NDArray[np.bool_]) -> Rows:
    """Divide the cells of known place of each section into fifths at random.

    Parameters
    ----------
    section
        Name of each cell's section, shape ``(n_cells,)``.
    known
        Mask of the cells of known place, shape ``(n_cells,)``.

    Returns
    -------
    Number of each cell's fifth, 0 to 4, and −1 for cells of unknown place, shape ``(n_cells,)``.
    """
    fold = np.full(len(section), -1)
    for _, cells in cells_per_section(section[known]):
        mixed = np.random.default_rng(0).permutation(np.flatnonzero(known)[cells])
        for number, rows in enumerate(np.array_split(mixed, N_FOLDS)):
            fold[rows] = number
    return fold


def unseen_distance(
    rows: Rows,
    coordinates: Values,
    fold: Rows,
    axes_without: Callable[[int], SpatialAxes],
    observe: Callable[[SpatialAxes, Rows], Values],
) -> float:
    """Compare the usual squared distance of cells that axes were, and were not, fitted to.

    Axes, surfaces and departures are fitted without a fifth of the cells. A second and more fifths
    are left out until there are 200 cells, or of several sections 200 in all.

    Parameters
    ----------
    rows
        Numbers of a section's cells of known place.
    coordinates
        Of all cells, shape ``(n_cells, n_dims)``.
    fold
        Of all cells, by :func:`fifths`.
    axes_without
        Axes that were fitted without the cells of a fifth, by its number. Sections share them.
    observe
        Reads the values of cells, by axes.

    Returns
    -------
    Squared distance that nine of ten cells of the second kind stay below, divided by what nine of
    ten of the first kind stay below: from 0.01 to 1. It is 1 if the others are too few to fit
    surfaces to. Time of one to five fits of surfaces, to 3,000 cells at most.
    """
    rng = np.random.default_rng(0)
    found: list[Values] = []
    enough = ENOUGH_CELLS * len(rows) / (fold >= 0).sum()
    for number in range(N_FOLDS):
        is_mine = fold[rows] == number
        left_out, others = rows[is_mine], at_most(rows[~is_mine], MOST_CELLS, rng)
        if not len(left_out) or not has_outline(coordinates[others]):
            continue
        axes = axes_without(number)
        values = observe(axes, others)
        if not np.ptp(values, axis=0).any():
            continue
        found.append(relative_distance(values, coordinates[others], observe(axes, left_out)))
        if sum(map(len, found)) >= enough:
            break
    if not found:
        return 1.0
    return float(np.clip(np.quantile(np.concatenate(found), USUAL), LEAST, 1.0))
