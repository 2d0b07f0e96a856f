"""Places of a section that the reference does not have, by several sections that it has."""

import logging
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from dpvae._data.section import cells_per_section
from dpvae.geometry.alignment.mean_layout import mean_layout
from dpvae.geometry.regression.precision import precision_weights
from dpvae.model.atlas.layout import Layout

MOST_SECTIONS = 5
FEWEST_CELLS = 20

logger = logging.getLogger(__name__)

Rows = NDArray[np.intp]
Values = NDArray[np.float64]
Place = Callable[[Rows, NDArray[np.str_]], Values]


def say_frames(names: NDArray[np.str_], frames: NDArray[np.str_]) -> None:
    """Say in the frames of which sections of the reference new sections are placed."""
    for name, frame in sorted({(str(n), str(f)) for n, f in zip(names, frames, strict=True)}):
        if name != frame:
            logger.warning(
                "%s placed in the frame of the reference's section %r, the most similar one. "
                "Choose another with section=…",
                f"Section {name!r} is" if name else "Cells are",
                frame,
            )


def place_new_sections(
    places: Values,
    layout: Layout,
    latent: NDArray[np.float32],
    names: NDArray[np.str_],
    place: Place,
) -> Values:
    """Place sections that the reference does not have, by up to five of its own.

    A reference of several sections has a frame for each, and a new section is placed in all of
    them. The layouts are moved onto the most similar section's
    (:func:`~dpvae.geometry.alignment.mean_layout.mean_layout`), and their mean is taken, weighted
    inversely to the squared distance of the median cell from each section in the latent space.

    Parameters
    ----------
    places
        Of all cells, each new section in the frame of the most similar one, shape ``(n_cells, 2)``
        or ``(n_cells, 3)``.
    layout
        The reference.
    latent
        z of the cells, shape ``(n_cells, n_latent)``.
    names
        The name of each cell's own section, shape ``(n_cells,)``.
    place
        Gives the places of cells, by their row numbers, in the frames of the sections named for
        them.

    Returns
    -------
    Shape as ``places``. Cells of sections that the reference has, and new sections of fewer than 20
    cells, which are too few to find the motion by, stay where they are. Placing takes up to five
    times as long.
    """
    agreed = places.copy()
    for name, cells in cells_per_section(names):
        rows = np.flatnonzero(cells)
        if layout.has(name) or len(rows) < FEWEST_CELLS:
            continue
        distance = dict(list(layout.distances(latent[rows]).items())[:MOST_SECTIONS])
        others = [place(rows, np.full(len(rows), other)) for other in list(distance)[1:]]
        weights = precision_weights(np.square(list(distance.values())))
        agreed[rows] = mean_layout([places[rows], *others], weights.tolist())
    return agreed
