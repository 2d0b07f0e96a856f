"""Training with a pair mask: the mask, and minibatches in which its pairs meet."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
import torch
from anndata import AnnData
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags
from torch.utils.data import BatchSampler, Sampler

from dpvae._data.section import section_codes
from dpvae._keys import OBSM
from dpvae.geometry import check_coordinate_rows, check_pair_mask, known_rows
from dpvae.model.loading.blocks import BufferedBatches
from dpvae.model.loading.rows import RowSplitter
from dpvae.model.query.align import section_column

logger = logging.getLogger(__name__)

PATCH = 8


def check_mask(
    adata: AnnData, mask_key: str | None, *, spatial_key: str, section_key: str | None
) -> None:
    """Raise where a pair mask cannot be used, before anything is written.

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
    n_left = _between(graph, known).nnz // 2
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
    """Read a pair mask, shape ``(n_cells, n_cells)``; raise where it cannot be used."""
    if mask_key not in adata.obsp:
        message = (
            f"There is no adata.obsp[{mask_key!r}]; obsp has {sorted(adata.obsp) or 'nothing'}. "
            "Make a mask with dpvae.tl.pair_mask(adata), and name it with mask_key=…"
        )
        raise KeyError(message)
    name = f"adata.obsp[{mask_key!r}]"
    section = section_codes(adata, section_key)
    return check_pair_mask(adata.obsp[mask_key], adata.n_obs, name=name, section=section)


def _between(graph: csr_matrix, known: NDArray[np.bool_]) -> csr_matrix:
    """Pairs of which both cells are known."""
    selected = diags(known.astype(np.float64))
    between = csr_matrix(selected @ graph @ selected)
    between.eliminate_zeros()
    return between


class PatchSampler(Sampler[int]):
    """Goes through cells once, in random patches of cells that a graph connects.

    A random cell is followed by up to seven of its neighbours that have not been visited, then by
    the next random cell: a minibatch holds both near pairs and, between patches, far ones.

    Parameters
    ----------
    graph
        The pair mask of the cells, shape ``(n_cells, n_cells)``.
    """

    def __init__(self, graph: csr_matrix) -> None:
        self.graph = graph

    def __len__(self) -> int:
        """Return the number of cells."""
        return int(self.graph.shape[0])

    def __iter__(self) -> Iterator[int]:
        """Go through the rows of the graph, in an order that torch's random numbers decide."""
        seed = int(torch.empty((), dtype=torch.int64).random_())
        return iter(patch_order(self.graph, np.random.default_rng(seed)).tolist())


def patch_order(graph: csr_matrix, rng: np.random.Generator) -> NDArray[np.intp]:
    """Order cells at random, in patches of up to eight that the graph connects.

    Parameters
    ----------
    graph
        The pair mask, shape ``(n_cells, n_cells)``.
    rng
        Source of the order.

    Returns
    -------
    Every row number once, shape ``(n_cells,)``. Time O(n_cells + pairs).
    """
    n_cells = graph.shape[0]
    is_left = np.ones(n_cells, dtype=bool)
    order = np.empty(n_cells, dtype=np.intp)
    filled = 0
    for cell in rng.permutation(n_cells):
        if not is_left[cell]:
            continue
        neighbours = graph.indices[graph.indptr[cell] : graph.indptr[cell + 1]]
        neighbours = neighbours[is_left[neighbours]]
        patch = np.append(cell, rng.permutation(neighbours[neighbours != cell])[: PATCH - 1])
        is_left[patch] = False
        order[filled : filled + len(patch)] = patch
        filled += len(patch)
    return order


class PatchSplitter(RowSplitter):
    """Split into training and validation part, the former in patches of a mask.

    From disk the cells of a minibatch are read one by one, since patches are anywhere in a file.

    Parameters
    ----------
    *args, **kwargs
        Those of :class:`scvi.dataloaders.DataSplitter`.
    pair_graph
        The pair mask, shape ``(n_cells, n_cells)``. Pairs with cells of the validation part do not
        train.
    balance_sections
        Must be ``False``: the mask decides which cells meet.

    Raises
    ------
    ValueError
        If ``balance_sections`` is ``True``.
    """

    def __init__(
        self,
        *args: Any,
        pair_graph: csr_matrix,
        balance_sections: bool = False,
        **kwargs: Any,
    ) -> None:
        if balance_sections:
            message = (
                "balance_sections=True, but the model is trained with a pair mask, which decides "
                "which cells meet in a minibatch: leave out balance_sections, or mask_key in "
                "setup_anndata."
            )
            raise ValueError(message)
        super().__init__(*args, **kwargs)
        self.pair_graph = pair_graph

    def train_dataloader(self) -> Any:
        """Create the loader of the training part."""
        loader = super().train_dataloader()
        if isinstance(loader.sampler, BufferedBatches):
            graph = self.pair_graph[loader.sampler.rows][:, loader.sampler.rows]
            loader.sampler.order = partial(patch_order, graph)
            loader.sampler.buffer_size = loader.sampler.batch_size
        elif isinstance(loader.sampler, BatchSampler):
            graph = self.pair_graph[self.train_idx][:, self.train_idx]
            loader.sampler.sampler = PatchSampler(graph)
        else:
            logger.warning(
                "On several devices minibatches are random: few pairs of the mask meet in them."
            )
        return loader


@contextmanager
def pair_graph_in_use(model: Any) -> Iterator[None]:
    """Train a model with the pair mask that it was set up with, if any.

    A query without the mask is trained without it.
    """
    setup = model.registry_["setup_args"]
    mask_key = setup.get("mask_key")
    known = known_rows(model.adata.obsm[OBSM.centred])
    is_frozen = not model.module.distance_term.log_scale.requires_grad
    is_query = model.is_query_with_places_ or is_frozen or not known.any()
    if mask_key is None or (mask_key not in model.adata.obsp and is_query):
        yield
        return
    graph = _between(read_mask(model.adata, mask_key, section_column(setup)), known)
    model.module.pair_graph = graph
    model._data_splitter_cls = partial(PatchSplitter, pair_graph=graph)
    try:
        yield
    finally:
        model.module.pair_graph = None
        del model._data_splitter_cls
