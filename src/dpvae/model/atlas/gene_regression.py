"""Places from genes without a network, which cannot learn them from few cells."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dpvae._data.section import cells_per_section
from dpvae._data.some_rows import at_most
from dpvae.geometry import known_rows
from dpvae.geometry.regression.kernel import KernelRidge, fit_kernel
from dpvae.geometry.regression.precision import left_out_weights, precision_weights
from dpvae.geometry.regression.principal_axes import principal_axes
from dpvae.model.atlas.gene_neighbors import GeneNeighbors, dense, fit_gene_neighbors
from dpvae.model.atlas.place_spread import relative_spread

Rows = NDArray[np.intp]
Values = NDArray[np.float64]
ReadGenes = Callable[[Rows], Any]

N_COMPONENTS = 30
WORTH_OF_CELLS = 800.0
NEGLIGIBLE_SHARE = 0.01
MOST_CELLS = 1_000
MOST_CELLS_TOGETHER = 10_000
FEWEST_CELLS = 200
MOST_CELLS_FOR_AXES = 5_000
MOST_VALUES_FOR_AXES = 20_000_000
MOST_CELLS_AT_A_TIME = 4_096
MOST_VALUES_AT_A_TIME = 20_000_000


@dataclass(frozen=True, eq=False)
class SectionRegression:
    """Places from genes in the frame of one section, by a kernel ridge regression and neighbours.

    Each counts in inverse proportion to its squared error on cells that are left out.

    Parameters
    ----------
    kernel
        Regression on principal components of the genes.
    neighbors
        Means over similar cells, those that the kernel was fitted to.
    n_known
        Number of cells of known place in the section.
    rows
        Row numbers of the cells that it was fitted to, in rising order, shape ``(n_cells,)``.
    """

    kernel: KernelRidge
    neighbors: GeneNeighbors
    n_known: int
    rows: Rows

    @property
    def places(self) -> Values:
        """Of the cells that it was fitted to, shape ``(n_cells, 2)`` or ``(n_cells, 3)``."""
        return self.neighbors.weighted.places

    @property
    def left_out_spread(self) -> Values:
        """How widely these cells are spread when each is left out, compared with their own spread.

        See :func:`~dpvae.model.atlas.place_spread.relative_spread`.
        """
        return relative_spread(self.kernel.left_out, self.places)

    @property
    def left_out_places(self) -> Values:
        """Of these cells, each by the others, shape as ``places``."""
        found = [self.kernel.left_out, self.neighbors.left_out]
        return np.asarray(np.tensordot(self._weights, found, 1))

    @property
    def share(self) -> float:
        """How much it counts next to a network that was trained on the section.

        The squared error of a network falls with its number of training cells; the regressions
        err like a network with 800.
        """
        return float(precision_weights([1.0 / WORTH_OF_CELLS, 1.0 / self.n_known])[0])

    def predict(self, genes: Any, components: Values) -> Values:
        """Places of cells with these genes, shape ``(n_new, n_genes)``, and their components."""
        found = [self.kernel.predict(components), self.neighbors.predict(genes)]
        return np.tensordot(self._weights, found, 1)

    def left_out(self, genes: Any, components: Values, rows: Rows) -> Values:
        """Places of cells of the reference as for :meth:`predict`, each without its own help.

        Parameters
        ----------
        genes, components
            Of the cells.
        rows
            Their row numbers in the reference.
        """
        fitted = np.searchsorted(self.rows, rows).clip(max=len(self.rows) - 1)
        others = np.flatnonzero(self.rows[fitted] != rows)
        places: Values = self.left_out_places[fitted]
        if len(others):
            places[others] = self.predict(genes[others], components[others])
        return places

    @property
    def _weights(self) -> Values:
        return left_out_weights([self.kernel.left_out, self.neighbors.left_out], self.places)


@dataclass(frozen=True)
class GeneRegression:
    """Places from genes by regressions.

    With few cells of known place a network places worse than they do, with many far better; and
    their mean is better than both. The regressions count as much as 800 known cells.

    Parameters
    ----------
    mean
        Mean of each gene, shape ``(n_genes,)``.
    loadings
        Principal axes of the genes, as they are and weighted, shape ``(n_genes, n_components)``.
    sections
        The regression of each section, whose frames are unrelated, by the section's name.
    """

    mean: Values
    loadings: Values
    sections: dict[str, SectionRegression]

    @property
    def left_out_error(self) -> float:
        """Mean distance of cells from where the others of their section place them."""
        off = [section.left_out_places - section.places for section in self.sections.values()]
        return float(np.linalg.norm(np.concatenate(off), axis=1).mean())

    def join(self, places: Values, frame: NDArray[np.str_], genes: ReadGenes) -> Values:
        """Mean of places from latents and places from genes.

        Parameters
        ----------
        places
            From latents, shape ``(n_cells, 2)`` or ``(n_cells, 3)``.
        frame
            For each cell the section in whose frame it is placed, shape ``(n_cells,)``.
        genes
            Expression of the cells whose row numbers it is given, shape ``(n_rows, n_genes)``.

        Returns
        -------
        Shape as ``places``. Time O(1,000 n_cells n_genes). Memory grows with 1,000 times at most
        4,096 cells, whose genes are dense 32-bit numbers, at most 20 million at a time. From
        79,200 known cells on, where they would count less than a hundredth, the regressions are
        left out.
        """
        joined = places.copy()
        n_rows = rows_at_a_time(len(self.mean))
        for name, cells in cells_per_section(frame):
            regression = self.sections[name]
            if regression.share < NEGLIGIBLE_SHARE:
                continue
            rows = np.flatnonzero(cells)
            for begin in range(0, len(rows), n_rows):
                block = rows[begin : begin + n_rows]
                found = self.predict(name, genes(block))
                joined[block] += regression.share * (found - places[block])
        return joined

    def predict(self, section: str, genes: Any) -> Values:
        """Places of cells with these genes in the frame of a section."""
        components = components_of(genes, self.mean, self.loadings)
        return self.sections[section].predict(genes, components)

    def by_kernel(self, section: str, genes: Any) -> Values:
        """Places by the kernel regression alone, which is quick."""
        components = components_of(genes, self.mean, self.loadings)
        return self.sections[section].kernel.predict(components)

    def left_out(self, section: str, genes: Any, rows: Rows) -> Values:
        """Places of cells of the reference in the frame of their section, each by others."""
        components = components_of(genes, self.mean, self.loadings)
        return self.sections[section].left_out(genes, components, rows)


def rows_at_a_time(n_genes: int) -> int:
    """How many cells have few enough genes to be treated at a time."""
    return min(MOST_CELLS_AT_A_TIME, max(MOST_VALUES_AT_A_TIME // n_genes, 1))


def fit_gene_regression(
    genes: ReadGenes, factor: Values, coordinates: Values, section: NDArray[np.str_]
) -> GeneRegression:
    """Fit principal axes to all cells and a regression to the cells of known place.

    Parameters
    ----------
    genes
        Expression of the cells whose row numbers it is given, shape ``(n_rows, n_genes)``, dense or
        sparse.
    factor
        What genes are multiplied by for the weighted components, shape ``(n_genes,)``.
    coordinates
        Shape ``(n_cells, 2)`` or ``(n_cells, 3)``; rows of NaN are cells of unknown place.
    section
        Name of each cell's section, shape ``(n_cells,)``.

    Returns
    -------
    The regression. Its axes come from 5,000 random cells at most (fewer, down to 1,000, with more
    than 4,000 genes). Each section's regression is fitted to 1,000 random cells of known place at
    most (fewer, down to 200, with more than ten sections). Time O(1,000³) a section; memory three
    times these cells as dense 32-bit numbers, 40 MB with 2,000 genes. The genes of each section's
    cells are kept: 8 MB with 2,000 genes.
    """
    rng = np.random.default_rng(0)
    mean, loadings = gene_axes(genes, factor, np.arange(len(section)), rng)
    sections = {}
    known = known_rows(coordinates)
    n_sections = len(np.unique(section[known]))
    n_cells = int(np.clip(MOST_CELLS_TOGETHER // max(n_sections, 1), FEWEST_CELLS, MOST_CELLS))
    for name, cells in cells_per_section(section[known]):
        everywhere = np.flatnonzero(known)[cells]
        rows = at_most(everywhere, n_cells, rng)
        values, places = genes(rows), coordinates[rows]
        sections[name] = SectionRegression(
            fit_kernel(components_of(values, mean, loadings), places),
            fit_gene_neighbors(values, factor, places),
            len(everywhere),
            rows,
        )
    return GeneRegression(mean, loadings, sections)


def gene_axes(
    genes: ReadGenes, factor: Values, rows: Rows, rng: np.random.Generator
) -> tuple[Values, Values]:
    """Find the principal axes of genes as they are, and of genes that are weighted.

    Parameters
    ----------
    genes, factor
        As for :func:`fit_gene_regression`.
    rows
        Numbers of the cells; of more than 5,000, random ones are used (of fewer, down to 1,000,
        with more than 4,000 genes).
    rng
        Chooses them.

    Returns
    -------
    Mean of each gene, shape ``(n_genes,)``, and loadings, shape ``(n_genes, n_components)``.
    """
    n_for_axes = min(MOST_CELLS_FOR_AXES, max(MOST_VALUES_FOR_AXES // len(factor), MOST_CELLS))
    values = dense(genes(at_most(rows, n_for_axes, rng)))
    mean = values.mean(axis=0, dtype=np.float64)
    return mean, np.hstack([_loadings(values, by) for by in (np.ones(len(factor)), factor)])


def _loadings(values: NDArray[np.float32], factor: Values) -> Values:
    """Principal axes of weighted genes, such that the first component has variance 1."""
    axes, variances = principal_axes(values * factor.astype(np.float32), N_COMPONENTS)
    if len(variances) == 0:
        return np.zeros((len(factor), 1))
    return np.asarray(factor[:, None] * axes / (np.sqrt(variances[0]) or 1.0))


def components_of(values: Any, mean: Values, loadings: Values) -> Values:
    """Components of cells, shape ``(n_cells, n_components)``, from their genes."""
    return np.asarray(values @ loadings - mean @ loadings)
