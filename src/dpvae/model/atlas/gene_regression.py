"""From genes to places without a network: what a network cannot learn from few cells."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from dpvae._data.section import cells_per_section
from dpvae._data.some_rows import at_most
from dpvae.geometry import known_rows
from dpvae.geometry.regression.kernel import fit_kernel, similarity
from dpvae.model.atlas.gene_neighbours import GeneNeighbours, dense, fit_gene_neighbours
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
N_POWER_ITERATIONS = 4
MOST_CELLS_AT_A_TIME = 4_096
MOST_VALUES_AT_A_TIME = 20_000_000


@dataclass(frozen=True)
class Kernel:
    """Kernel ridge regression of places on components, for one section.

    Parameters
    ----------
    components
        Of the cells that it was fitted to, shape ``(n_cells, n_components)``.
    coefficients
        One for each of these cells, shape ``(n_cells, 2)`` or ``(n_cells, 3)``.
    centre
        Mean of their places, shape ``(2,)`` or ``(3,)``.
    width
        Standard deviation of the Gaussian kernel.
    n_known
        Number of cells of known place in the section.
    neighbours
        The same cells, as neighbours of others.
    left_out_spread
        How widely their places are spread when each is left out in turn, compared with their own,
        see :func:`~dpvae.model.atlas.place_spread.relative_spread`; ``None`` in older models.
    """

    components: Values
    coefficients: Values
    centre: Values
    width: float
    n_known: int
    neighbours: GeneNeighbours
    left_out_spread: Values | None = None

    def places(self, components: Values) -> Values:
        """Places of cells with these components, shape ``(n, 2)`` or ``(n, 3)``."""
        return self.centre + similarity(components, self.components, self.width) @ (
            self.coefficients
        )

    @property
    def share(self) -> float:
        """How much regressions count beside a network that was trained on the section."""
        return WORTH_OF_CELLS / (WORTH_OF_CELLS + self.n_known)


@dataclass(frozen=True)
class GeneRegression:
    """Places from genes by regressions: the mean of a kernel ridge regression and of neighbours.

    The first is on principal components of the genes, the second takes means over similar cells
    (:class:`~dpvae.model.atlas.gene_neighbours.GeneNeighbours`). With few cells of known place a
    network places worse than they do, with many far better; and their mean is better than both. The
    regressions count as much as 800 known cells.

    Parameters
    ----------
    mean
        Mean of each gene, shape ``(n_genes,)``.
    loadings
        Principal axes of the genes, as they are and weighted, shape ``(n_genes, n_components)``.
    kernels
        The regression of each section, whose frames are unrelated, by the section's name.
    """

    mean: Values
    loadings: Values
    kernels: dict[str, Kernel]

    @classmethod
    def of(cls, saved: dict[str, Any]) -> "GeneRegression":
        """Make it from what :func:`dataclasses.asdict` gave."""
        kernels = {
            name: Kernel(**{**kernel, "neighbours": GeneNeighbours.of(kernel["neighbours"])})
            for name, kernel in saved["kernels"].items()
        }
        return cls(saved["mean"], saved["loadings"], kernels)

    def join(self, places: Values, frame: NDArray[np.str_], genes: ReadGenes) -> Values:
        """Mean of places from latents and of those from genes.

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
        Shape as ``places``. Time grows with the number of cells times 1,000 times that of genes,
        memory with 1,000 times at most 4,096 cells, whose genes are dense 32-bit numbers, at most
        20 million at a time. Where the regressions would count less than a hundredth, from 79,200
        known cells on, they are left out.
        """
        joined = places.copy()
        n_rows = min(MOST_CELLS_AT_A_TIME, max(MOST_VALUES_AT_A_TIME // len(self.mean), 1))
        for name, cells in cells_per_section(frame):
            kernel = self.kernels[name]
            if kernel.share < NEGLIGIBLE_SHARE:
                continue
            rows = np.flatnonzero(cells)
            for begin in range(0, len(rows), n_rows):
                block = rows[begin : begin + n_rows]
                values = genes(block)
                from_components = kernel.places(components_of(values, self.mean, self.loadings))
                found = 0.5 * (from_components + kernel.neighbours.places(values))
                joined[block] += kernel.share * (found - places[block])
        return joined


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
    The regression. The axes are those of 5,000 random cells if there are more (of fewer, down to
    1,000, with more than 4,000 genes), and each section's regression is fitted to 1,000 random
    cells of known place if there are more (of fewer, down to 200, with more than ten sections).
    Time O(1,000³) a section; memory three times that of these cells as dense 32-bit numbers, 40 MB
    with 2,000 genes. Of the cells of each section the genes are kept: 8 MB with 2,000 genes.
    """
    rng = np.random.default_rng(0)
    mean, loadings = gene_axes(genes, factor, np.arange(len(section)), rng)
    kernels = {}
    known = known_rows(coordinates)
    n_sections = len(np.unique(section[known]))
    n_cells = int(np.clip(MOST_CELLS_TOGETHER // max(n_sections, 1), FEWEST_CELLS, MOST_CELLS))
    for name, cells in cells_per_section(section[known]):
        everywhere = np.flatnonzero(known)[cells]
        rows = at_most(everywhere, n_cells, rng)
        values, places = genes(rows), coordinates[rows]
        components = components_of(values, mean, loadings)
        fit = fit_kernel(components, places)
        neighbours = fit_gene_neighbours(values, factor, places)
        kernels[name] = Kernel(
            components,
            fit.coefficients,
            fit.centre,
            fit.width,
            len(everywhere),
            neighbours,
            relative_spread(places - fit.left_out, places),
        )
    return GeneRegression(mean, loadings, kernels)


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
    loadings = np.hstack([_principal_axes(values, by) for by in (np.ones(len(factor)), factor)])
    return mean, loadings


def _principal_axes(values: NDArray[np.float32], factor: Values) -> Values:
    """Axes for centred genes, such that the first component has variance 1 (Halko et al. 2011)."""
    scaled = values * factor.astype(np.float32)
    n_components = min(N_COMPONENTS, *(size - 1 for size in values.shape))
    if n_components < 1 or not np.ptp(scaled, axis=0).any():
        return np.zeros((len(factor), 1))
    pca = PCA(
        n_components, svd_solver="randomized", iterated_power=N_POWER_ITERATIONS, random_state=0
    ).fit(scaled)
    largest = np.sqrt(pca.explained_variance_[0]) or 1.0
    return np.asarray(factor[:, None] * pca.components_.T / largest)


def components_of(values: Any, mean: Values, loadings: Values) -> Values:
    """Components of cells, shape ``(n_cells, n_components)``, from their genes."""
    return np.asarray(values @ loadings - mean @ loadings)
