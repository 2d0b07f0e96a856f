"""From genes to places without a network: what a network cannot learn from few cells."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.decomposition import PCA

from dpvae._section import at_most, cells_per_section
from dpvae.geometry import known_rows
from dpvae.geometry.kernel import fit_kernel, similarity

Rows = NDArray[np.intp]
Values = NDArray[np.float64]
ReadGenes = Callable[[Rows], Any]

N_COMPONENTS = 30
WORTH_OF_CELLS = 300.0
MOST_CELLS = 1_000
MOST_CELLS_FOR_AXES = 5_000
MOST_VALUES_FOR_AXES = 20_000_000
N_POWER_ITERATIONS = 4
ROWS_AT_A_TIME = 4_096


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
    """

    components: Values
    coefficients: Values
    centre: Values
    width: float
    n_known: int

    def places(self, components: Values) -> Values:
        """Places of cells with these components, shape ``(n, 2)`` or ``(n, 3)``."""
        return self.centre + similarity(components, self.components, self.width) @ (
            self.coefficients
        )


@dataclass(frozen=True)
class GeneRegression:
    """Kernel ridge regression of places on principal components of the genes.

    With few cells of known place a network places worse than this does, with many far better; and
    their mean is better than both. The regression counts as much as 300 known cells.

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
        kernels = {name: Kernel(**kernel) for name, kernel in saved["kernels"].items()}
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
        Shape as ``places``. Time and memory grow with the number of cells times 1,000, memory at
        most with 4,096 of them.
        """
        joined = places.copy()
        for name, cells in cells_per_section(frame):
            kernel = self.kernels[name]
            share = WORTH_OF_CELLS / (WORTH_OF_CELLS + kernel.n_known)
            rows = np.flatnonzero(cells)
            for begin in range(0, len(rows), ROWS_AT_A_TIME):
                block = rows[begin : begin + ROWS_AT_A_TIME]
                components = components_of(genes(block), self.mean, self.loadings)
                joined[block] += share * (kernel.places(components) - places[block])
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
    cells of known place if there are more. Time O(1,000³) a section; memory three times that of
    these cells as dense 32-bit numbers, 40 MB with 2,000 genes.
    """
    rng = np.random.default_rng(0)
    mean, loadings = gene_axes(genes, factor, np.arange(len(section)), rng)
    kernels = {}
    known = known_rows(coordinates)
    for name, cells in cells_per_section(section[known]):
        everywhere = np.flatnonzero(known)[cells]
        rows = at_most(everywhere, MOST_CELLS, rng)
        components = components_of(genes(rows), mean, loadings)
        fit = fit_kernel(components, coordinates[rows])
        kernels[name] = Kernel(components, fit.coefficients, fit.centre, fit.width, len(everywhere))
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
    values = _dense(genes(at_most(rows, n_for_axes, rng)))
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


def _dense(values: Any) -> NDArray[np.float32]:
    return np.asarray(values.toarray() if issparse(values) else values, dtype=np.float32)


def components_of(values: Any, mean: Values, loadings: Values) -> Values:
    """Components of cells, shape ``(n_cells, n_components)``, from their genes."""
    return np.asarray(values @ loadings - mean @ loadings)
