"""Principal axes of genes, of which those with a pattern over the tissue count more."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from dpvae._data.some_rows import at_most
from dpvae.geometry import known_rows
from dpvae.geometry.regression.principal_axes import principal_axes
from dpvae.model.atlas.gene_neighbors import dense
from dpvae.model.atlas.gene_regression import ReadGenes, components_of
from dpvae.model.data.gene_weights import roots_of_patterns, spatial_patterns

Rows = NDArray[np.intp]
Values = NDArray[np.float64]

MOST_CELLS = 5_000
MOST_VALUES = 20_000_000
FEWEST_CELLS = 1_000
LEAST = 1e-6
ENOUGH_CELLS_FOR_A_GENE = 5
N_MARKS = 2
SAME = 1e-4


@dataclass(frozen=True, eq=False)
class SpatialAxes:
    """Principal axes of genes, and the cells that they were fitted to.

    Parameters
    ----------
    mean
        Of each gene, shape ``(n_genes,)``.
    loadings
        Principal axes of genes that are divided by their standard deviation and multiplied by the
        root of their Moran's I, shape ``(n_genes, n_components)``.
    marks
        First two components of the cells that they were fitted to, shape ``(n_cells, 2)``: these
        cells are known by them.
    """

    mean: Values
    loadings: Values
    marks: Values

    @property
    def adapted(self) -> bool:
        """Whether there were few enough cells for each gene that the axes adapted to them."""
        return len(self.marks) < ENOUGH_CELLS_FOR_A_GENE * len(self.mean)

    def components(self, genes: Any) -> Values:
        """Components of cells, shape ``(n_cells, n_components)``, from their genes."""
        return components_of(genes, self.mean, self.loadings)

    def saw(self, components: Values) -> NDArray[np.bool_]:
        """Mask of the cells that the axes were fitted to, shape ``(n_cells,)``.

        Axes adapt to the cells that they are fitted to, the more, the more genes there are for each
        cell: components of these are farther from zero than those of other cells.

        Parameters
        ----------
        components
            Of the cells, shape ``(n_cells, 1)`` or more. Time O(n_cells log n_seen), memory
            O(n_cells).
        """
        if components.shape[1] == 0 or self.marks.shape[1] == 0:
            return np.ones(len(components), dtype=bool)
        marks = self.marks[:, : components.shape[1]]
        unit = marks.std(axis=0) + LEAST
        distance, _ = cKDTree(marks / unit).query(components[:, : marks.shape[1]] / unit)
        return np.asarray(distance < SAME)


def fit_spatial_axes(
    genes: ReadGenes,
    coordinates: Values,
    section: NDArray[np.str_],
    rows: Rows,
    n_components: int,
    rng: np.random.Generator,
) -> SpatialAxes:
    """Fit principal axes to cells.

    Parameters
    ----------
    genes
        Expression of the cells whose row numbers it is given, shape ``(n_rows, n_genes)``, dense or
        sparse.
    coordinates
        Of all cells, shape ``(n_cells, 2)`` or ``(n_cells, 3)``; rows of NaN are cells of unknown
        place. Those of known place tell the patterns of genes.
    section
        Name of each cell's section, shape ``(n_cells,)``.
    rows
        Numbers of the cells that take part, one of known place at least.
    n_components
        How many axes there are at most.
    rng
        Chooses 5,000 of these cells at most (fewer, down to 1,000, with more than 4,000 genes).
    """
    n_genes = genes(np.arange(1)).shape[1]
    most = min(MOST_CELLS, max(MOST_VALUES // n_genes, FEWEST_CELLS))
    known = at_most(rows[known_rows(coordinates[rows])], most, rng)
    patterns = spatial_patterns(genes(known), coordinates[known], section[known])
    values = dense(genes(at_most(rows, most, rng)))
    mean = values.mean(axis=0, dtype=np.float64)
    deviation = values.std(axis=0, dtype=np.float64)
    varies = deviation > LEAST
    factor = np.where(varies, roots_of_patterns(patterns) / np.maximum(deviation, LEAST), 0.0)
    axes, _ = principal_axes(
        (values - mean.astype(np.float32)) * factor.astype(np.float32), n_components
    )
    loadings = np.asarray(factor[:, None] * axes, dtype=np.float64)
    return SpatialAxes(mean, loadings, components_of(values, mean, loadings[:, :N_MARKS]))
