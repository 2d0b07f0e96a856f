"""Reading genes of a tissue out of a joint latent space."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from dpvae._data.some_rows import at_most
from dpvae.geometry.likely_positions import cells_at_once, fit_likely_positions
from dpvae.model.joint.dissociated import Dissociated
from dpvae.model.joint.gene_regression import genes_by_latents, regressed_genes
from dpvae.model.joint.imputation import WAYS, ReadOuts

Values = NDArray[np.float32]

MOST_CELLS_TO_PAINT = 4_000
MOST_CELLS_TO_CHOOSE_BY = 1_000
MOST_POSITIONS_TO_PAINT = 50_000


@dataclass(frozen=True, eq=False)
class ImagedCells:
    """Cells of the tissue, in a latent space.

    Parameters
    ----------
    latent
        z given expression and place, shape ``(n_cells, n_latent)``.
    known
        Genes by which they are compared with dissociated cells, each cell of one length, shape
        ``(n_cells, n_known)``.
    tissue
        Weights of each cell and its neighbours in the tissue, shape ``(n_cells, n_cells)``.
    """

    latent: Values
    known: Values
    tissue: csr_matrix


def read_out(
    imaged: ImagedCells,
    cells: Sequence[Dissociated],
    decoded: Sequence[Values],
    measured: NDArray[np.bool_],
    *,
    paints: bool,
) -> ReadOuts:
    """Read genes in all ways, from all technologies that measured them.

    Parameters
    ----------
    imaged
        The cells of the tissue.
    cells
        The dissociated cells of each technology, with these genes.
    decoded
        What the decoder says of the genes in each, shape ``(n_cells, n_genes)``.
    measured
        Whether each measured a gene, shape ``(n_technologies, n_genes)``.
    paints
        Whether patterns are painted. Without it they are those of the regression on latents.

    Returns
    -------
    Memory: nine arrays of ``n_cells * n_genes`` numbers. Painting takes as many numbers as the
    tissue has of the known genes, again.
    """
    share = (measured / np.maximum(measured.sum(axis=0), 1)).astype(np.float32)
    n_cells, n_genes = len(imaged.latent), measured.shape[1]
    found = ReadOuts(
        np.zeros((len(WAYS), n_cells, n_genes), np.float32),
        np.zeros((n_cells, n_genes), np.float32),
    )
    paints = paints and n_cells <= MOST_POSITIONS_TO_PAINT
    for each, values, weight in zip(cells, decoded, share, strict=True):
        by_latents = genes_by_latents(each, imaged.latent)
        painted = _painted(imaged, each) if paints else by_latents
        ways = (values, by_latents, painted, regressed_genes(each, imaged.known))
        for total, way in zip(found.ways, ways, strict=True):
            total += weight * way
        found.spread[:] += weight * each.spread(imaged.latent)
    return found


def _painted(imaged: ImagedCells, cells: Dissociated) -> Values:
    rng = np.random.default_rng(0)
    everyone = np.arange(len(cells.latent))
    some = np.sort(at_most(everyone, MOST_CELLS_TO_PAINT, rng))
    few = at_most(some, MOST_CELLS_TO_CHOOSE_BY, rng)
    around = np.asarray(imaged.tissue @ imaged.known, dtype=np.float32)
    likely = fit_likely_positions(cells.known[few], around)
    step = cells_at_once(len(around))
    parts = [some[begin : begin + step] for begin in range(0, len(some), step)]
    blocks = ((cells.known[part], cells.genes[part].toarray() + cells.zero) for part in parts)
    return np.asarray(likely.patterns(blocks), dtype=np.float32)
