"""Errors of places, measured on cells whose place was hidden."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from dpvae._data.section import cells_per_section
from dpvae.geometry import known_rows
from dpvae.geometry.uncertainty.error_calibration import FAR, ErrorCalibration
from dpvae.model.atlas.atlas import Atlas
from dpvae.model.atlas.completion import check_same_unit
from dpvae.model.atlas.layout import Layout
from dpvae.model.atlas.placed import Placed

HELD_OUT = 0.2
FEWEST_CELLS = 9
FEWEST_LEFT = 3
TOO_MANY_FAR = 0.5

Points = NDArray[np.float64]
Names = NDArray[np.str_]


def hidden_fifth(coordinates: Points, section: Names, seed: int) -> NDArray[np.bool_]:
    """Choose a random fifth of the cells of known place of every section.

    Parameters
    ----------
    coordinates
        Shape ``(n_cells, 2)`` or ``(n_cells, 3)``; rows of NaN are cells of unknown place.
    section
        Name of each cell's section, shape ``(n_cells,)``.
    seed
        Of the choice.

    Raises
    ------
    ValueError
        If a fifth is fewer than 9 cells.
    """
    known = known_rows(coordinates)
    rng = np.random.default_rng(seed)
    hidden = np.zeros(len(coordinates), dtype=bool)
    for _, cells in cells_per_section(section):
        rows = rng.permutation(np.flatnonzero(known & cells))
        n_hidden = min(round(HELD_OUT * len(rows)), max(len(rows) - FEWEST_LEFT, 0))
        hidden[rows[:n_hidden]] = True
    if hidden.sum() < FEWEST_CELLS:
        message = (
            f"The reference has {int(known.sum())} cells of known place, a fifth of which is "
            f"too few to calibrate with: {FEWEST_CELLS} are needed."
        )
        raise ValueError(message)
    return hidden


def check_held_out(layout: Layout, truth: Points, section: Names) -> None:
    """Raise if cells are too few, of other sections, or stand at places of the reference.

    Parameters
    ----------
    layout
        The reference.
    truth
        Places of the cells, shape ``(n_cells, 2)`` or ``(n_cells, 3)``; rows of NaN are unknown.
    section
        Name of each cell's section, shape ``(n_cells,)``.
    """
    known = known_rows(truth)
    truth, section = truth[known], section[known]
    if len(truth) < FEWEST_CELLS:
        message = f"held_out has {len(truth)} cells of known place, {FEWEST_CELLS} are needed."
        raise ValueError(message)
    sections = np.unique(layout.section)
    unknown = np.setdiff1d(section, sections)
    if len(unknown):
        message = (
            f"held_out has cells of the sections {unknown.tolist()}, the reference has "
            f"{sections.tolist()}: only cells of its sections have places in its frames."
        )
        raise ValueError(message)
    taken = set(zip(layout.section, map(tuple, layout.coordinates), strict=True))
    n_taken = sum((name, tuple(s)) in taken for name, s in zip(section, truth, strict=True))
    if n_taken > len(truth) / 2:
        message = (
            f"{n_taken} of {len(truth)} cells of held_out are at places of cells of the "
            "reference: calibrate with cells that the model was not trained with."
        )
        raise ValueError(message)


def measured_errors(
    atlas: Atlas, placed: Placed, truth: Points, section: Names, radius: float
) -> ErrorCalibration:
    """Measure the errors of the places of cells whose place is known.

    Parameters
    ----------
    atlas
        What is known of the reference.
    placed
        Where the cells were placed.
    truth
        Where they are, shape ``(n_cells, 2)`` or ``(n_cells, 3)``; rows of NaN are unknown.
    section
        Name of each cell's section, shape ``(n_cells,)``.
    radius
        Of the tissue, in the unit of the coordinates.
    """
    known = known_rows(truth)
    for name, rows in cells_per_section(section[known]):
        check_same_unit(truth[known][rows], placed.coordinates[known][rows], name)
    around = atlas.neighborhood(placed).of(known)
    return ErrorCalibration.fit(
        placed.coordinates[known], truth[known], placed.frame[known], around, radius
    )


def why_unlike(layout: Layout, section: Names, far: float, *, is_named: bool) -> Iterator[str]:
    """Say in what cells differ from those that regions were calibrated with.

    Parameters
    ----------
    layout
        The reference.
    section
        Name of each cell's section, shape ``(n_cells,)``.
    far
        Share of the cells that are further from the reference than 90 % of those cells.
    is_named
        Whether sections have names.
    """
    new = np.setdiff1d(section, layout.section)
    if is_named and len(new):
        yield f"Cells of sections that the reference does not have ({', '.join(new) or '?'})"
    if far > TOO_MANY_FAR:
        yield (
            f"{far:.0%} of the cells are further from the reference in the latent space than "
            f"{FAR:.0%} of the cells that the regions were calibrated with"
        )
