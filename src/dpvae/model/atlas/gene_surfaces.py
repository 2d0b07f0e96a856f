"""Where cells could be, by surfaces of expression over the tissue of each section."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dpvae._data.counted import counted
from dpvae._data.section import cells_per_section
from dpvae._data.some_rows import at_most
from dpvae.geometry import Posterior, known_rows
from dpvae.geometry.posterior.grid import FEWEST_CELLS, grid_inside, has_outline
from dpvae.geometry.regression.principal_axes import principal_axes
from dpvae.geometry.surfaces.tissue_model import TissueModel, fit_tissue_model
from dpvae.model.atlas.gene_neighbors import dense
from dpvae.model.atlas.gene_regression import GeneRegression, rows_at_a_time
from dpvae.model.data.gene_weights import roots_of_patterns, spatial_patterns

Rows = NDArray[np.intp]
Values = NDArray[np.float64]
ReadGenes = Callable[[Rows], Any]

N_COMPONENTS = 120
CELLS_PER_COMPONENT = 8
MOST_CELLS_FOR_AXES = 5_000
MOST_VALUES_FOR_AXES = 20_000_000
FEWEST_CELLS_FOR_AXES = 1_000
MOST_CELLS = 10_000
MOST_CELLS_TOGETHER = 50_000
LEAST = 1e-6
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
    mean
        Of each gene, shape ``(n_genes,)``.
    loadings
        Principal axes of genes that are divided by their standard deviation and multiplied by the
        root of their Moran's I, shape ``(n_genes, n_components)``.
    sections
        The model of each section by its name; a section of fewer than 20 cells, of cells on a
        line, or of cells that are all alike has none.
    reads
        For each of these whether places that were read count.
    """

    regression: GeneRegression
    mean: Values
    loadings: Values
    sections: dict[str, TissueModel]
    reads: dict[str, bool]

    def components(self, genes: Any) -> Values:
        """Components of cells, shape ``(n_cells, n_components)``, from their genes."""
        return np.asarray(genes @ self.loadings - self.mean @ self.loadings)

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
        return observed(self.components(genes), read, len(model.precision) - n_dims)

    def join(self, places: Values, frame: NDArray[np.str_], genes: ReadGenes) -> Values:
        """Mean of places that were read, and the mean places of the model.

        Both count alike, wherever a cell is like the tissue. Where it is not, the model counts
        less, by the square of its unlikeness.

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
            means, unlike = self.sections[name].means(values)
            joined[block] += SHARE / unlike[:, None] ** 2 * (means - places[block])
        return joined

    def means(self, places: Values, frame: NDArray[np.str_], genes: ReadGenes) -> Values:
        """Mean places of the model alone; arguments as of :meth:`join`."""
        found = places.copy()
        for name, block in self._blocks(frame):
            values = self.values(name, genes(block), places[block])
            found[block] = self.sections[name].means(values)[0]
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
        return model.posterior(values, grid)

    def _blocks(self, frame: NDArray[np.str_]) -> Iterator[tuple[str, Rows]]:
        """Rows of sections with a model, as many at a time as memory allows."""
        size = rows_at_a_time(len(self.mean))
        for name, cells in cells_per_section(frame):
            rows = np.flatnonzero(cells)
            if name in self.sections:
                yield from ((name, rows[i : i + size]) for i in range(0, len(rows), size))


def observed(components: Values, places: Values, n_components: int) -> Values:
    """Components and places that were read, as one array."""
    return np.hstack([components[:, :n_components], places])


def fit_gene_surfaces(
    genes: ReadGenes,
    coordinates: Values,
    section: NDArray[np.str_],
    regression: GeneRegression,
    is_measured: NDArray[np.bool_] | None = None,
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
    is_measured
        Mask of the cells whose places are not guessed, shape ``(n_cells,)``. These choose how wide
        probabilities are in their section; by default all of known place do.

    Returns
    -------
    The surfaces: of 120 components, or an eighth as many as there are cells of known place. Axes
    come from 5,000 random cells at most (fewer, down to 1,000, with more than 4,000 genes), each
    section's surfaces from 10,000 cells of known place at most (fewer with more than five
    sections). Time O(n_cells n_genes) next to the time of
    :func:`~dpvae.geometry.surfaces.tissue_model.fit_tissue_model`.
    """
    rng = np.random.default_rng(0)
    known = known_rows(coordinates)
    n_components = min(N_COMPONENTS, max(int(known.sum()) // CELLS_PER_COMPONENT, 1))
    mean, loadings = _axes(genes, coordinates, section, n_components, rng)
    surfaces = GeneSurfaces(regression, mean, loadings, {}, {})
    n_sections = max(len(np.unique(section[known])), 1)
    most = min(MOST_CELLS, MOST_CELLS_TOGETHER // n_sections)
    for name, cells in cells_per_section(section[known]):
        rows = at_most(np.flatnonzero(known)[cells], max(most, 1), rng)
        if not has_outline(coordinates[rows]):
            continue
        components, read = observations(surfaces, name, genes, rows)
        fewer = min(loadings.shape[1], len(rows) // CELLS_PER_COMPONENT)
        goes_along = _go_along(read, coordinates[rows])
        values = observed(components, goes_along * read, fewer)
        if not np.ptp(values, axis=0).any():
            continue
        surfaces.reads[name] = goes_along
        judges = None if is_measured is None else is_measured[rows]
        if judges is not None and not judges.any():
            judges = None
        model = fit_tissue_model(values, coordinates[rows], is_judge=judges)
        surfaces.sections[name] = model.of_rows(rows)
    return surfaces


def observations(
    surfaces: GeneSurfaces, name: str, genes: ReadGenes, rows: Rows
) -> tuple[Values, Values]:
    """Components of cells of known place, and places that others' genes and places tell of them."""
    components, read = [], []
    size = rows_at_a_time(len(surfaces.mean))
    for begin in range(0, len(rows), size):
        block = rows[begin : begin + size]
        values = genes(block)
        components.append(surfaces.components(values))
        read.append(surfaces.regression.left_out(name, values, block))
    return np.concatenate(components), np.concatenate(read)


def _go_along(read: Values, places: Values) -> bool:
    """Whether what is read of cells that are left out lies on their side of the tissue."""
    return bool(((read - read.mean(axis=0)) * (places - places.mean(axis=0))).sum() > 0.0)


def _axes(
    genes: ReadGenes,
    coordinates: Values,
    section: NDArray[np.str_],
    n_components: int,
    rng: np.random.Generator,
) -> tuple[Values, Values]:
    """Mean of the genes, and principal axes of genes that count by the root of Moran's I."""
    most = min(
        MOST_CELLS_FOR_AXES,
        max(MOST_VALUES_FOR_AXES // genes(np.arange(1)).shape[1], FEWEST_CELLS_FOR_AXES),
    )
    known = at_most(np.flatnonzero(known_rows(coordinates)), most, rng)
    some = genes(known)
    patterns = spatial_patterns(some, coordinates[known], section[known])
    values = dense(genes(at_most(np.arange(len(section)), most, rng)))
    mean = values.mean(axis=0, dtype=np.float64)
    deviation = values.std(axis=0, dtype=np.float64)
    varies = deviation > LEAST
    factor = np.where(varies, roots_of_patterns(patterns) / np.maximum(deviation, LEAST), 0.0)
    axes, _ = principal_axes(
        (values - mean.astype(np.float32)) * factor.astype(np.float32), n_components
    )
    return mean, np.asarray(factor[:, None] * axes, dtype=np.float64)
