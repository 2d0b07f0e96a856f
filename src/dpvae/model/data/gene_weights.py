"""How much each gene counts: the more it varies, and the more its pattern follows the tissue."""

from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from dpvae._data.some_rows import at_most
from dpvae.geometry import known_rows
from dpvae.metrics.shrunken_morans_i import FEWEST_CELLS, FLOOR, MOST_CELLS, shrunken_morans_i
from dpvae.model.data.gene_statistics import gene_statistics

GeneWeights = Literal["spatial", "equal"]
KINDS = ("spatial", "equal")
LEAST_PATTERN = 0.001


def spatial_gene_weights(
    expression: Any,
    coordinates: NDArray[np.float64],
    section: NDArray[np.intp],
) -> torch.Tensor:
    """Weigh genes by their standard deviation times their Moran's I in the reference.

    Genes without a spatial pattern do not tell where a cell is, and genes that hardly vary are
    mostly counting noise. Moran's I comes from :func:`spatial_patterns`, plus 0.01.

    Parameters
    ----------
    expression
        As the encoder sees it, shape ``(n_cells, n_genes)``, dense or sparse; a sparse one is not
        made dense, and one on disk is read in parts.
    coordinates
        Shape ``(n_cells, 2)`` or ``(n_cells, 3)``; rows of NaN are cells of unknown place.
    section
        Code of each cell's section, shape ``(n_cells,)``.

    Returns
    -------
    Factors for genes that were brought to variance 1, shape ``(n_genes,)``, of mean square 1.
    """
    pattern = torch.from_numpy(spatial_patterns(expression, coordinates, section))
    _, deviation = gene_statistics(expression, np.zeros(len(section), dtype=np.intp), 1)
    weight = deviation[0] * (pattern + FLOOR)
    return weight / weight.square().mean().sqrt()


def pattern_gene_weights(
    expression: Any, coordinates: NDArray[np.float64], section: NDArray[np.intp]
) -> torch.Tensor:
    """Weigh genes by the root of their Moran's I, as surfaces do.

    Arguments and returns are as of :func:`spatial_gene_weights`.
    """
    return torch.from_numpy(roots_of_patterns(spatial_patterns(expression, coordinates, section)))


def roots_of_patterns(patterns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Root of Moran's I plus 0.001, such that the mean square is 1, shape as ``patterns``."""
    raised = patterns + LEAST_PATTERN
    return np.asarray(np.sqrt(raised / raised.mean()))


def spatial_patterns(
    expression: Any, coordinates: NDArray[np.float64], section: NDArray[Any]
) -> NDArray[np.float64]:
    """Moran's I of genes over six nearest neighbours, the mean over sections.

    With few cells of known place I is partly chance: it is shrunk towards the mean of all genes
    by the share of its spread that chance explains (James-Stein).

    Parameters
    ----------
    expression
        Shape ``(n_cells, n_genes)``, dense, sparse or on disk.
    coordinates
        Shape ``(n_cells, 2)`` or ``(n_cells, 3)``; rows of NaN are cells of unknown place. More
        than 20,000 known cells of a section are subsampled, always the same ones.
    section
        Code or name of each cell's section, shape ``(n_cells,)``.

    Returns
    -------
    Shape ``(n_genes,)``, 0 where it is negative. Sections with fewer than ten cells of known
    place do not count.
    """
    known = known_rows(coordinates)
    pattern, n_cells = np.zeros(expression.shape[1]), 0
    rng = np.random.default_rng(0)
    for code in np.unique(section[known]):
        cells = at_most(np.flatnonzero(known & (section == code)), MOST_CELLS, rng)
        if len(cells) >= FEWEST_CELLS:
            pattern += len(cells) * shrunken_morans_i(expression[cells], coordinates[cells])
            n_cells += len(cells)
    return pattern / max(n_cells, 1)
