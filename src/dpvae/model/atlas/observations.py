"""What is observed of cells: components of their genes, and places that others tell of them."""

import numpy as np
from numpy.typing import NDArray

from dpvae.model.atlas.gene_regression import GeneRegression, ReadGenes, rows_at_a_time
from dpvae.model.atlas.spatial_axes import SpatialAxes

Rows = NDArray[np.intp]
Values = NDArray[np.float64]


def observed(components: Values, places: Values, n_components: int) -> Values:
    """Components and places that were read, as one array."""
    return np.hstack([components[:, :n_components], places])


def observations(
    regression: GeneRegression,
    section: str,
    genes: ReadGenes,
    n_components: int,
    axes: SpatialAxes,
    rows: Rows,
) -> Values:
    """Components of a section's cells of known place, and places that others tell of them.

    Parameters
    ----------
    regression
        Reads the places.
    section
        Its name.
    genes
        Expression of the cells whose row numbers it is given.
    n_components
        How many components there are at most.
    axes
        Which the components are of.
    rows
        Numbers of the cells.
    """
    parts = []
    for block in _blocks_of(rows, axes):
        values = genes(block)
        read = regression.left_out(section, values, block)
        parts.append(observed(axes.components(values), read, n_components))
    return np.concatenate(parts)


def with_places(
    genes: ReadGenes, n_components: int, rows: Rows, read: Values, axes: SpatialAxes, some: Rows
) -> Values:
    """Components of cells, and places that are known already, which other axes do not change.

    Parameters
    ----------
    genes, n_components, axes
        As for :func:`observations`.
    rows
        Numbers of cells, rising.
    read
        The places that others tell of them, shape ``(n_rows, n_dims)``.
    some
        Numbers of those that are wanted.
    """
    components = [axes.components(genes(block)) for block in _blocks_of(some, axes)]
    return observed(np.concatenate(components), read[np.searchsorted(rows, some)], n_components)


def _blocks_of(rows: Rows, axes: SpatialAxes) -> list[Rows]:
    """Rows, as many at a time as memory allows."""
    size = rows_at_a_time(len(axes.mean))
    return [rows[begin : begin + size] for begin in range(0, len(rows), size)]
