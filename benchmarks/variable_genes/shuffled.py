"""Sections of which half of the genes say nothing about places."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

SPOTS_PER_BIN = 50
FEWEST_SPOTS = 10


@dataclass(frozen=True)
class Shuffled:
    """Counts of a section, half of the genes shuffled among cells of like depth.

    Parameters
    ----------
    counts
        Sparse, shape ``(n_cells, n_genes)``.
    places
        Shape ``(n_cells, n_dims)``.
    depth
        Totals before the shuffle, shape ``(n_cells,)``.
    is_shuffled
        Which genes, shape ``(n_genes,)``.
    """

    counts: csr_matrix
    places: np.ndarray
    depth: np.ndarray
    is_shuffled: np.ndarray


def shuffled(section, kept, seed):
    """Thin a section's counts and shuffle every gene with a chance of a half.

    Counts move between cells of one bin of depth, 50 in each. So a gene keeps what it has to do
    with depth, and nothing more says where a count was.
    """
    rng = np.random.default_rng(seed)
    counts = thinned(section.adata.X, kept, rng)
    counts = counts[:, counts.getnnz(axis=0) >= FEWEST_SPOTS]
    depth = np.ravel(counts.sum(axis=1))
    is_full = depth > 0
    values, depth = counts[is_full].toarray(), depth[is_full]
    is_shuffled = rng.random(values.shape[1]) < 0.5
    number = bins_of(depth, rng)
    for gene in np.flatnonzero(is_shuffled):
        values[:, gene] = moved(values[:, gene], number, rng)
    places = section.adata.obsm["spatial"][is_full]
    return Shuffled(csr_matrix(values), places, depth, is_shuffled)


def thinned(counts, kept, rng):
    """Keep each count with the same chance."""
    if kept == 1:
        return counts.astype(float)
    found = counts.copy().astype(float)
    found.data = rng.binomial(found.data.astype(int), kept).astype(float)
    found.eliminate_zeros()
    return found


def bins_of(depth, rng):
    """Number of each cell's bin; ties in random order."""
    order = np.lexsort((rng.random(len(depth)), depth))
    number = np.empty(len(depth), dtype=int)
    number[order] = np.arange(len(depth)) * max(len(depth) // SPOTS_PER_BIN, 1) // len(depth)
    return number


def moved(values, number, rng):
    """Values in random order within each bin."""
    before = np.argsort(number, kind="stable")
    after = np.lexsort((rng.random(len(values)), number))
    found = np.empty_like(values)
    found[before] = values[after]
    return found
