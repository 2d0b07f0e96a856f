"""Where cells could be, by surfaces of expression over the tissue of each section."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dpvae._data.counted import counted
from dpvae._data.section import cells_per_section
from dpvae._data.some_rows import at_most
from dpvae.geometry import Posterior, known_rows
from dpvae.geometry.posterior.grid import FEWEST_CELLS, grid_inside, has_outline
from dpvae.geometry.surfaces.tissue_model import TissueModel, fit_tissue_model
from dpvae.model.atlas.gene_regression import GeneRegression, rows_at_a_time
from dpvae.model.atlas.observations import observations, observed, with_places
from dpvae.model.atlas.spatial_axes import SpatialAxes, fit_spatial_axes
from dpvae.model.atlas.unseen_distance import fifths, unseen_distance

Rows = NDArray[np.intp]
Values = NDArray[np.float64]
ReadGenes = Callable[[Rows], Any]

N_COMPONENTS = 120
CELLS_PER_COMPONENT = 8
MOST_CELLS = 10_000
MOST_CELLS_TOGETHER = 50_000
SHARE = 0.5
WITHIN = 3.5


@dataclass(frozen=True, eq=False)
class GeneSurfaces:
    """Surfaces of what is observed of cells: components of their genes, and places read from them.

    A place that a network or a regression reads from a cell's genes is one more observation of the
    cell: it is near the true place, or drawn to the centre where genes do not tell, and its
    departures go along with those of the genes. So it gets a surface like the components. It is fit
    to places that regressions read from cells that were left out, since what a network says
    of the cells that trained it is too good. Where these do not go along with the true places,
    nothing that is read counts: of cells that look alike, the mean place of all others, from which
    one is left out, tells where that one is.

    Parameters
    ----------
    regression
        Of the same cells.
    axes
        Of the genes: what is observed of a cell, next to its place, are its components.
    sections
        The model of each section by its name; a section of fewer than 20 cells, of cells on a
        line, or of cells that are all alike has none.
    reads
        For each of these whether places that were read count.
    unseen
        For each of these the usual squared distance from surfaces of cells that the axes were not
        fitted to, as a share of the model's usual distance: less than 1 if there are many genes for
        each cell, since axes adapt to their cells.
    """

    regression: GeneRegression
    axes: SpatialAxes
    sections: dict[str, TissueModel]
    reads: dict[str, bool]
    unseen: dict[str, float]

    def values(self, section: str, genes: Any, places: Values) -> Values:
        """Bring together what the model of a section takes of cells.

        A network can read places that it cannot know, where regressions of left-out cells stay in
        the middle, as in a symmetric tissue. So a place that is farther than 3.5 times their usual
        error from what a regression reads is drawn to that, the more the farther it is.

        Parameters
        ----------
        section
            Name of the section, which has a model.
        genes
            Shape ``(n_cells, n_genes)``, dense or sparse.
        places
            Read from these genes, shape ``(n_cells, n_dims)``.
        """
        model, n_dims = self.sections[section], places.shape[1]
        center = self.regression.by_kernel(section, genes)
        farthest = WITHIN * float(np.linalg.norm(model.deviation[-n_dims:]))
        distance = np.linalg.norm(places - center, axis=1, keepdims=True)
        nearer = np.minimum(farthest / np.maximum(distance, np.finfo(float).tiny), 1.0) ** 2
        read = self.reads[section] * (center + nearer * (places - center))
        return observed(self.axes.components(genes), read, len(model.precision) - n_dims)

    def join(self, places: Values, frame: NDArray[np.str_], genes: ReadGenes) -> Values:
        """Mean of places that were read, and the mean places of the model.

        Both count alike, unless a cell is farther from the tissue than the cells that axes were
        fitted to usually are: then the model counts less, by the square of how much farther.

        Parameters
        ----------
        places
            Read from the cells' genes, shape ``(n_cells, n_dims)``.
        frame
            For each cell the section in whose frame it is placed, shape ``(n_cells,)``.
        genes
            Expression of the cells whose row numbers it is given, shape ``(n_rows, n_genes)``.

        Returns
        -------
        Shape as ``places``, which stay as they are in the frame of a section without a model.
        """
        joined = places.copy()
        for name, block in self._blocks(frame):
            values = self.values(name, genes(block), places[block])
            usual = self.usual(name, values)
            means, unlike = self.sections[name].means(values, usual)
            farther = np.maximum(unlike * usual, 1.0)[:, None]
            joined[block] += SHARE / farther**2 * (means - places[block])
        return joined

    def means(self, places: Values, frame: NDArray[np.str_], genes: ReadGenes) -> Values:
        """Mean places of the model alone; arguments as of :meth:`join`."""
        found = places.copy()
        for name, block in self._blocks(frame):
            values = self.values(name, genes(block), places[block])
            found[block] = self.sections[name].means(values, self.usual(name, values))[0]
        return found

    def posterior(
        self,
        section: str,
        places: Values,
        genes: ReadGenes,
        known: Values,
        spacing: float | None,
    ) -> Posterior:
        """Tell how probable each position of a section is for cells.

        Parameters
        ----------
        section
            Its name.
        places
            Read from the cells' genes, shape ``(n_cells, n_dims)``.
        genes
            Expression of the cells whose row numbers it is given, shape ``(n_rows, n_genes)``.
        known
            Places of the section's cells, which have the outline of a grid.
        spacing
            Of the grid; by default positions are measured ones.

        Raises
        ------
        ValueError
            If the section has no model or no outline.
        """
        if section not in self.sections:
            named = f" {section!r}" if section else ""
            flat = "in a plane" if known.shape[1] == 3 else "on a line"
            all_alike = "" if len(known) < FEWEST_CELLS else f", all {flat} or of equal expression"
            message = (
                f"The reference's section{named} has {counted(len(known), 'cell')} of known "
                f"place{all_alike}: "
                f"{FEWEST_CELLS} are needed, not all {flat} and not all of equal expression, to "
                "say how probable positions are."
            )
            raise ValueError(message)
        grid = None if spacing is None else grid_inside(known, spacing)
        model = self.sections[section]
        values = np.empty((len(places), len(model.precision)))
        for _, block in self._blocks(np.full(len(places), section)):
            values[block] = self.values(section, genes(block), places[block])
        return model.posterior(values, grid, self.usual(section, values))

    def usual(self, section: str, values: Values) -> Values:
        """Usual squared distance of cells with these values, as a share of the section's."""
        components = values[:, : -self.sections[section].positions.shape[1]]
        return np.where(self.axes.saw(components), 1.0, self.unseen[section])

    def _blocks(self, frame: NDArray[np.str_]) -> Iterator[tuple[str, Rows]]:
        """Rows of sections with a model, as many at a time as memory allows."""
        size = rows_at_a_time(len(self.axes.mean))
        for name, cells in cells_per_section(frame):
            rows = np.flatnonzero(cells)
            if name in self.sections:
                yield from ((name, rows[i : i + size]) for i in range(0, len(rows), size))


def fit_gene_surfaces(
    genes: ReadGenes,
    coordinates: Values,
    section: NDArray[np.str_],
    regression: GeneRegression,
    errors: Values | None = None,
) -> GeneSurfaces:
    """Fit axes to all cells, and a model of the tissue to each section's cells of known place.

    Parameters
    ----------
    genes
        Expression of the cells whose row numbers it is given, shape ``(n_rows, n_genes)``, dense or
        sparse.
    coordinates
        Shape ``(n_cells, 2)`` or ``(n_cells, 3)``; rows of NaN are cells of unknown place.
    section
        Name of each cell's section, shape ``(n_cells,)``.
    regression
        Of the same cells: reads places from genes.
    errors
        Expected distance of places from the true ones, shape ``(n_cells,)``; by default 0. Cells
        whose place is measured choose how wide probabilities are in their section.

    Returns
    -------
    The surfaces: of 120 components, or an eighth as many as there are cells of known place. Axes
    come from 5,000 random cells at most (fewer, down to 1,000, with more than 4,000 genes), each
    section's surfaces from 10,000 cells of known place at most (fewer with more than five
    sections). Time O(n_cells n_genes) next to one to six fits a section by
    :func:`~dpvae.geometry.surfaces.tissue_model.fit_tissue_model`.
    """
    rng = np.random.default_rng(0)
    known, n_dims = known_rows(coordinates), coordinates.shape[1]
    n_components = min(N_COMPONENTS, max(int(known.sum()) // CELLS_PER_COMPONENT, 1))

    def axes_of(rows: Rows, rng: np.random.Generator) -> SpatialAxes:
        return fit_spatial_axes(genes, coordinates, section, rows, n_components, rng)

    axes = axes_of(np.arange(len(section)), rng)
    fold = fifths(section, known)
    without = cache(lambda n: axes_of(np.flatnonzero(fold != n), np.random.default_rng(0)))
    surfaces = GeneSurfaces(regression, axes, {}, {}, {})
    n_sections = max(len(np.unique(section[known])), 1)
    most = min(MOST_CELLS, MOST_CELLS_TOGETHER // n_sections)
    for name, cells in cells_per_section(section[known]):
        rows = at_most(np.flatnonzero(known)[cells], max(most, 1), rng)
        if not has_outline(coordinates[rows]):
            continue
        most_components = len(rows) // CELLS_PER_COMPONENT
        values = observations(regression, name, genes, most_components, axes, rows)
        goes_along = _go_along(values[:, -n_dims:], coordinates[rows])
        values[:, -n_dims:] *= goes_along
        if not np.ptp(values, axis=0).any():
            continue
        surfaces.reads[name] = goes_along
        error = None if errors is None else errors[rows]
        model = fit_tissue_model(values, coordinates[rows], errors=error)
        surfaces.sections[name] = model.of_rows(rows)
        surfaces.unseen[name] = 1.0
        if axes.adapted:
            observe = partial(with_places, genes, most_components, rows, values[:, -n_dims:])
            surfaces.unseen[name] = unseen_distance(rows, coordinates, fold, without, observe)
    return surfaces


def _go_along(read: Values, places: Values) -> bool:
    """Whether what is read of cells that are left out lies on their side of the tissue."""
    return bool(((read - read.mean(axis=0)) * (places - places.mean(axis=0))).sum() > 0.0)
