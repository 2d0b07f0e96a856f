"""The pair mask of a reference."""

import logging

import numpy as np
from anndata import AnnData
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags

from dpvae._data.pair_mask import stored_mask
from dpvae._data.section import section_codes
from dpvae.geometry import check_coordinate_rows, check_pair_mask, known_rows

logger = logging.getLogger(__name__)


def check_mask(
    adata: AnnData, mask_key: str | None, *, spatial_key: str, section_key: str | None
) -> None:
    """Raise if a pair mask cannot be used, before anything is written.

    Parameters
    ----------
    adata
        The reference.
    mask_key
        Key of the mask in ``adata.obsp``, or ``None`` for no mask.
    spatial_key
        Key of the coordinates in ``adata.obsm``. Pairs with a cell of unknown place are left out,
        and their number is logged.
    section_key
        Column of ``adata.obs`` that names the sections, or ``None``.
    """
    if mask_key is None:
        return
    known = known_rows(check_coordinate_rows(adata.obsm[spatial_key]))
    graph = read_mask(adata, mask_key, section_key)
    n_left = known_pairs(graph, known).nnz // 2
    if n_left == 0:
        message = (
            f"adata.obsp[{mask_key!r}] has no pair of cells whose places are both known: "
            f"adata.obsm[{spatial_key!r}] knows {int(known.sum())} of {adata.n_obs} places."
        )
        raise ValueError(message)
    if n_left < graph.nnz // 2:
        logger.warning(
            "%d of the %d pairs of adata.obsp[%r] have a cell of unknown place and are left out.",
            graph.nnz // 2 - n_left,
            graph.nnz // 2,
            mask_key,
        )


def read_mask(adata: AnnData, mask_key: str, section_key: str | None) -> csr_matrix:
    """Read a pair mask, shape ``(n_cells, n_cells)``; raise if it cannot be used."""
    stored = stored_mask(adata, mask_key)
    name = f"adata.obsp[{mask_key!r}]"
    section = section_codes(adata, section_key)
    return check_pair_mask(stored, adata.n_obs, name=name, section=section)


def known_pairs(graph: csr_matrix, known: NDArray[np.bool_]) -> csr_matrix:
    """Give the pairs of a mask of which the places of both cells are known."""
    selected = diags(known.astype(np.float64))
    between = csr_matrix(selected @ graph @ selected)
    between.eliminate_zeros()
    return between
