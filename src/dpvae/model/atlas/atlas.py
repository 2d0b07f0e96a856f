"""What a trained model knows of its reference."""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dpvae._data.section import cells_per_section
from dpvae._data.warn import warn_user
from dpvae.geometry import Posterior, known_rows
from dpvae.model.atlas.encoded_cells import EncodedCells
from dpvae.model.atlas.foreign import warn_if_foreign
from dpvae.model.atlas.gene_regression import GeneRegression
from dpvae.model.atlas.gene_surfaces import GeneSurfaces
from dpvae.model.atlas.layout import Layout, the_frame
from dpvae.model.atlas.new_section import place_new_sections, say_frames
from dpvae.model.atlas.placed import Placed
from dpvae.model.atlas.query_difference import query_difference
from dpvae.model.atlas.similar_cells import SimilarCells
from dpvae.model.data.depth import Depth

TOO_MANY_UNLIKE = 0.5
FEWEST_CELLS = 20

Rows = NDArray[np.intp]
Names = NDArray[np.str_]


class Placer(Protocol):
    """Places some of the cells in the frames of sections of the reference."""

    def __call__(
        self, atlas: "Atlas", cells: EncodedCells, rows: Rows, frames: Names
    ) -> NDArray[np.float64]:
        """Place cells.

        Parameters
        ----------
        atlas
            What is known of the reference.
        cells
            The cells.
        rows
            Numbers of those that are placed, shape ``(n_rows,)``.
        frames
            Name of the section in whose frame each of these is placed, shape ``(n_rows,)``.

        Returns
        -------
        Shape ``(n_rows, 2)`` or ``(n_rows, 3)``.
        """


@dataclass(frozen=True, eq=False)
class Atlas:
    """What a trained model knows of its reference, by which it places cells.

    Parameters
    ----------
    layout
        Latent representation and place of the reference's cells.
    distance_scale
        λ: latent distance per unit of the coordinates.
    regression
        Regressions of places on genes; ``None`` for a model that was trained without the distance
        term or on minified data.
    surfaces
        Surfaces of expression over the tissue; ``None`` where there are no regressions.
    depth
        How deep the cells are; ``None`` for counts, or if it cannot be read.
    distance_dims
        How many dimensions of z, the first ones, are compared with the tissue; ``None`` is all.
    similar
        Known and guessed places of the cells of sections with few known ones, by their names.
    """

    layout: Layout
    distance_scale: float
    regression: GeneRegression | None = None
    surfaces: GeneSurfaces | None = None
    depth: Depth | None = None
    distance_dims: int | None = None
    similar: dict[str, SimilarCells] = field(default_factory=dict)

    def place(self, cells: EncodedCells, placer: Placer, section: str | None = None) -> Placed:
        """Place cells in the frames of sections of the reference.

        Parameters
        ----------
        cells
            The cells.
        placer
            How to place them.
        section
            Section in whose frame all are placed. By default the one of the cell's own section's
            name. A section that the reference does not have is placed in the frames of the five
            that are most similar, see :func:`~dpvae.model.atlas.new_section.place_new_sections`.
        """
        frames = self.layout.frames(cells.latent, cells.section, section)

        def place(rows: Rows, frames: Names) -> NDArray[np.float64]:
            return placer(self, cells, rows, frames)

        places = place(np.arange(len(cells)), frames)
        if section is None:
            self._say_frames(cells, frames)
            places = place_new_sections(places, self.layout, cells.latent, cells.section, place)
        return Placed(places, cells.latent, frames)

    def warn_if_foreign(
        self, cells: EncodedCells, placed: Placed, *, is_standardized: bool, is_part: bool
    ) -> None:
        """Warn if a query is unlike the reference, by its genes and by the spread of its places.

        Parameters
        ----------
        cells
            The query.
        placed
            Where it was placed.
        is_standardized
            Whether genes are standardised section by section.
        is_part
            Whether the query may show a part of a section of the reference.
        """
        name = max(cells_per_section(placed.frame), key=lambda found: int(found[1].sum()))[0]
        difference, expected = None, None
        if self.regression is not None and cells.genes is not None:
            difference = query_difference(self.regression, cells.genes, len(cells))
            if not (is_part and is_standardized):
                expected = self.regression.sections[name].left_out_spread
        n_genes = 0 if self.regression is None else len(self.regression.mean)
        warn_if_foreign(
            difference,
            placed.coordinates[placed.frame == name],
            self.layout.coordinates[self.layout.section == name],
            expected,
            n_genes,
            is_standardized=is_standardized,
        )

    def frame_of(self, cells: EncodedCells, section: str | None) -> str:
        """Name of the one section in whose frame cells are, and log it if it was chosen for them.

        Parameters
        ----------
        cells
            The cells.
        section
            The section that was asked for; ``None`` is the one of the cells' own name, or the most
            similar one.

        Raises
        ------
        ValueError
            If the cells are of several, or the reference has no such section.
        """
        frame = the_frame(self.layout, cells, section)
        if section is None:
            self._say_frames(cells, np.full(len(cells), frame))
        return frame

    def _say_frames(self, cells: EncodedCells, frames: Names) -> None:
        if len(np.unique(self.layout.section)) > 1:
            say_frames(cells.section, frames)

    def posterior(
        self, cells: EncodedCells, placed: Placed, spacing: float | None = None
    ) -> Posterior:
        """Tell how probable each position of a section is for cells.

        Parameters
        ----------
        cells
            The cells.
        placed
            Where they were placed, all in the frame of this section.
        spacing
            Of a grid inside the section's outline; by default positions are measured ones.

        Raises
        ------
        ValueError
            If genes are not there, or the section has no model.

        Warns
        -----
        UserWarning
            If half of the cells, 20 at least, are unlike the section.
        """
        self.check_has_genes(cells)
        assert self.surfaces is not None
        assert cells.genes is not None
        (section,) = np.unique(placed.frame)
        known = self.layout.coordinates[self.layout.section == section]
        found = self.surfaces.posterior(
            str(section), placed.coordinates, cells.genes, known, spacing
        )
        share = float((found.unlikeness > 1.0).mean())
        if len(found) >= FEWEST_CELLS and share > TOO_MANY_UNLIKE:
            warn_user(
                f"{share:.0%} of the cells are farther from what is expected anywhere in the "
                "reference's section than nine of ten further cells of it: their probabilities are "
                "spread wider, and may still be wrong."
            )
        return found

    def check_is_reference(self, coordinates: NDArray[np.float64], section: str) -> None:
        """Raise if cells are not those that the surfaces of a section were fitted to.

        Parameters
        ----------
        coordinates
            Of the cells, shape ``(n_cells, n_dims)``.
        section
            Its name.
        """
        assert self.surfaces is not None
        model = self.surfaces.sections[section]
        places = coordinates[model.rows[model.rows < len(coordinates)]]
        known = known_rows(places)
        is_same = len(places) == len(model.rows) and known.any()
        if not (is_same and np.allclose(places[known], model.positions[known])):
            message = (
                "The model's own cells are not its reference: load it with the AnnData that it was "
                "trained on, load(path, adata=reference)."
            )
            raise ValueError(message)

    def check_has_genes(self, cells: EncodedCells) -> None:
        """Raise if genes of the reference, or of cells, are not there to say how probable it is.

        Parameters
        ----------
        cells
            The cells.
        """
        if self.surfaces is not None and cells.genes is not None:
            return
        reason = (
            "it was trained without the distance term, or on data without expression"
            if self.surfaces is None
            else "the expression of these cells was left out (minified)"
        )
        message = f"The model cannot say how probable positions are, since {reason}."
        raise ValueError(message)
