"""From genes to places by linear regression: what a network cannot learn from few cells."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags, issparse
from sklearn.decomposition import PCA
from sklearn.linear_model import RidgeCV

from dpvae._section import cells_per_section
from dpvae.geometry import known_rows

Rows = NDArray[np.intp]
ReadGenes = Callable[[Rows], Any]

N_COMPONENTS = 30
PENALTIES = np.logspace(-3, 5, 17)
WORTH_OF_CELLS = 100.0
MOST_CELLS = 20_000
ROWS_AT_A_TIME = 4_096


@dataclass(frozen=True)
class LinearMap:
    """Ridge regression of places on principal components, one for each section of a reference.

    With few cells of known place a network places worse than a linear regression does, with many
    far better; and their mean is better than both. The map counts as much as 100 known cells.

    Parameters
    ----------
    mean
        Mean of each gene, shape ``(n_genes,)``.
    loadings
        Principal axes of the genes, as they are and weighted, shape ``(n_genes, n_components)``.
    section
        Names of the sections, shape ``(n_sections,)``.
    n_known
        Number of cells of known place in each, shape ``(n_sections,)``.
    coefficients
        Of the components, shape ``(n_sections, n_components, 2)`` or ``(…, 3)``.
    intercept
        Shape ``(n_sections, 2)`` or ``(n_sections, 3)``.
    """

    mean: NDArray[np.float64]
    loadings: NDArray[np.float64]
    section: NDArray[np.str_]
    n_known: NDArray[np.int64]
    coefficients: NDArray[np.float64]
    intercept: NDArray[np.float64]

    def join(
        self, places: NDArray[np.float64], frame: NDArray[np.str_], genes: ReadGenes
    ) -> NDArray[np.float64]:
        """Mean of places from latents and of those from genes.

        Parameters
        ----------
        places
            From latents, shape ``(n_cells, 2)`` or ``(n_cells, 3)``.
        frame
            For each cell the section in whose frame it is placed, shape ``(n_cells,)``.
        genes
            Expression of the cells whose row numbers it is given, shape ``(n_rows, n_genes)``.
        """
        joined = places.copy()
        for name, cells in cells_per_section(frame):
            number = int(np.flatnonzero(self.section == name)[0])
            share = WORTH_OF_CELLS / (WORTH_OF_CELLS + self.n_known[number])
            rows = np.flatnonzero(cells)
            for begin in range(0, len(rows), ROWS_AT_A_TIME):
                block = rows[begin : begin + ROWS_AT_A_TIME]
                components = _components(genes(block), self.mean, self.loadings)
                linear = components @ self.coefficients[number] + self.intercept[number]
                joined[block] += share * (linear - places[block])
        return joined


def fit_linear_map(
    genes: ReadGenes,
    factor: NDArray[np.float64],
    coordinates: NDArray[np.float64],
    section: NDArray[np.str_],
) -> LinearMap:
    """Fit principal axes to all cells and a regression to the cells of known place.

    Parameters
    ----------
    genes
        Expression of the cells whose row numbers it is given, shape ``(n_rows, n_genes)``, dense or
        sparse; a sparse one is not made dense.
    factor
        What genes are multiplied by for the weighted components, shape ``(n_genes,)``.
    coordinates
        Shape ``(n_cells, 2)`` or ``(n_cells, 3)``; rows of NaN are cells of unknown place.
    section
        Name of each cell's section, shape ``(n_cells,)``.

    Returns
    -------
    The map. The penalty has the least squared error over known cells left out one by one. Of more
    than 20,000 cells as many random ones are used, for the axes and in each section.
    """
    rng = np.random.default_rng(0)
    values = genes(_at_most(np.arange(len(section)), rng))
    mean = np.asarray(values.mean(axis=0), dtype=np.float64).ravel()
    axes = (_principal_axes(values, by) for by in (np.ones(len(factor)), factor))
    loadings = np.hstack(list(axes))
    names, counts, coefficients, intercepts = [], [], [], []
    known = known_rows(coordinates)
    for name, cells in cells_per_section(section):
        rows = _at_most(np.flatnonzero(cells & known), rng)
        if len(rows) == 0:
            continue
        components = _components(genes(rows), mean, loadings)
        ridge = RidgeCV(PENALTIES).fit(components, coordinates[rows])
        names.append(name)
        counts.append(int((cells & known).sum()))
        coefficients.append(ridge.coef_.T)
        intercepts.append(ridge.intercept_)
    return LinearMap(
        mean,
        loadings,
        np.array(names),
        np.array(counts),
        np.stack(coefficients),
        np.stack(intercepts),
    )


def _at_most(rows: Rows, rng: np.random.Generator) -> Rows:
    if len(rows) <= MOST_CELLS:
        return rows
    return np.sort(rng.choice(rows, MOST_CELLS, replace=False))


def _principal_axes(values: Any, factor: NDArray[np.float64]) -> NDArray[np.float64]:
    """Axes for centred genes, such that the first component has variance 1."""
    scaled = csr_matrix(values @ diags(factor)) if issparse(values) else values * factor
    n_components = min(N_COMPONENTS, *(size - 1 for size in values.shape))
    if n_components < 1 or not _varies(scaled):
        return np.zeros((len(factor), 1))
    pca = PCA(n_components, svd_solver="arpack", random_state=0).fit(scaled)
    largest = np.sqrt(pca.explained_variance_[0]) or 1.0
    return np.asarray(factor[:, None] * pca.components_.T / largest)


def _varies(values: Any) -> bool:
    lowest, highest = values.min(axis=0), values.max(axis=0)
    difference = highest - lowest
    return bool((difference.toarray() if issparse(difference) else difference).any())


def _components(
    values: Any, mean: NDArray[np.float64], loadings: NDArray[np.float64]
) -> NDArray[np.float64]:
    return np.asarray(values @ loadings - mean @ loadings)
