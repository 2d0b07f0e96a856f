"""The reference as a layout: latent representation and place of every cell that has one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from dpvae._data.section import cells_per_section
from dpvae._data.some_rows import at_most
from dpvae.geometry import known_rows, place_anchored, place_free
from dpvae.model.atlas.encoded_cells import EncodedCells

MOST_CELLS = 20_000


@dataclass(frozen=True)
class Layout:
    """What a model needs to place new cells in the tissue of its reference.

    Parameters
    ----------
    latent
        z of the reference's cells, shape ``(n_cells, n_latent)``.
    coordinates
        Their coordinates, in the frame and unit of the reference, shape ``(n_cells, 2)`` or
        ``(n_cells, 3)``.
    section
        The name of the section of each of them, shape ``(n_cells,)``.
    errors
        Expected distance of each from its true place, shape ``(n_cells,)``: more than 0 if it is
        guessed. ``None`` if all are measured.
    """

    latent: NDArray[np.float32]
    coordinates: NDArray[np.float64]
    section: NDArray[np.str_]
    errors: NDArray[np.float64] | None = None

    def frames(
        self, latent: NDArray[np.float32], names: NDArray[np.str_], section: str | None
    ) -> NDArray[np.str_]:
        """Choose for every cell the section in whose frame it is placed.

        Parameters
        ----------
        latent
            z of the cells, shape ``(n_query, n_latent)``.
        names
            The name of each cell's own section, shape ``(n_query,)``.
        section
            The section that the user chose for all, or ``None``: the section of the cell's own
            name, and for sections that the reference does not have the most similar one.

        Raises
        ------
        ValueError
            If the reference has no such section.
        """
        known = np.unique(self.section)
        section = None if section is None else str(section)
        if section is not None and section not in known:
            is_named = known.tolist() != [""]
            found = f"{known.tolist()}" if is_named else "one without a name; leave section out"
            message = f"The reference has no section {section!r}: it has {found}."
            raise ValueError(message)
        frames = np.full(len(latent), section or "", dtype=self.section.dtype)
        if section is not None:
            return frames
        for name, cells in cells_per_section(names):
            frames[cells] = name if name in known else next(iter(self.distances(latent[cells])))
        return frames

    def has(self, section: str) -> bool:
        """Whether the reference has a section of this name."""
        return bool((self.section == section).any())

    def distances(self, latent: NDArray[np.float32]) -> dict[str, float]:
        """How far cells are from each section of the reference in the latent space.

        Parameters
        ----------
        latent
            z of the cells, shape ``(n_query, n_latent)``.

        Returns
        -------
        For each section the median distance of a cell from its nearest neighbour there, the most
        similar section first.
        """
        sections = np.unique(self.section)
        if len(sections) == 1:
            return {str(sections[0]): 0.0}
        medians = {}
        for section in sections:
            neighbors = NearestNeighbors(n_neighbors=1).fit(self.latent[self.section == section])
            medians[str(section)] = float(np.median(neighbors.kneighbors(latent)[0]))
        return dict(sorted(medians.items(), key=lambda item: item[1]))


def the_frame(layout: Layout, cells: EncodedCells, section: str | None) -> str:
    """Name of the one section in whose frame cells are.

    Raises
    ------
    ValueError
        If there are several, or the reference has no such section.
    """
    frames = np.unique(layout.frames(cells.latent, cells.section, section))
    if len(frames) > 1:
        message = (
            f"The cells are of the sections {frames.tolist()}, each with positions of its own: "
            "give the cells of one at a time, or name the section of the reference whose positions "
            "are meant, section=…"
        )
        raise ValueError(message)
    return str(frames[0]) if len(frames) else str(np.unique(layout.section)[0])


def layout_cells(
    coordinates: NDArray[np.float64],
    section: NDArray[np.str_],
    errors: NDArray[np.float64] | None = None,
) -> NDArray[np.intp]:
    """Choose the reference's cells that the layout keeps, by row number.

    Parameters
    ----------
    coordinates
        Shape ``(n_cells, 2)`` or ``(n_cells, 3)``; rows of NaN are cells of unknown place.
    section
        Name of each cell's section, shape ``(n_cells,)``.
    errors
        Expected distance of places from the true ones, shape ``(n_cells,)``, more than 0 for
        guesses. By default all are measured.

    Returns
    -------
    The cells of known place, in their order. More than 20,000 of a section are subsampled, guesses
    first, always the same ones.
    """
    rng = np.random.default_rng(0)
    known = np.flatnonzero(known_rows(coordinates))
    is_guess = np.zeros(len(section), bool) if errors is None else errors > 0.0
    kept = []
    for _, cells in cells_per_section(section[known]):
        guessed = is_guess[known[cells]]
        measured = at_most(known[cells][~guessed], MOST_CELLS, rng)
        kept += [measured, at_most(known[cells][guessed], MOST_CELLS - len(measured), rng)]
    return np.sort(np.concatenate(kept))


def place_freely(
    latent: NDArray[np.float32], section: NDArray[np.str_], n_dims: int, distance_scale: float
) -> NDArray[np.float64]:
    """Lay every section out by itself, in a frame of its own; see :func:`place_free`."""
    places = np.empty((len(latent), n_dims))
    for _, cells in cells_per_section(section):
        placement = place_free(latent[cells], n_dims=n_dims, distance_scale=distance_scale)
        places[cells] = placement.coordinates
    return places


def place_around(
    latent: NDArray[np.float32],
    section: NDArray[np.str_],
    coordinates: NDArray[np.float64],
    is_anchor: NDArray[np.bool_],
    distance_scale: float,
) -> NDArray[np.float64]:
    """Place the cells of every section around its anchors; see :func:`place_anchored`."""
    places = np.empty_like(coordinates)
    for _, cells in cells_per_section(section):
        placement = place_anchored(
            latent[cells], coordinates[cells], is_anchor[cells], distance_scale=distance_scale
        )
        places[cells] = placement.coordinates
    return places
