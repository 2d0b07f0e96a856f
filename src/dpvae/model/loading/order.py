"""Minibatches of few sections, in which the cells of a section meet each other."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Sampler

from dpvae._keys import REGISTRY
from dpvae.model.loading.blocks import BufferedBatches
from dpvae.model.loading.rows import RowSplitter
from dpvae.model.query.align import section_column

SECTIONS_PER_MINIBATCH = 2


class SectionSampler(Sampler[int]):
    """Goes through cells once, in random minibatches of few sections, see :func:`section_order`.

    Parameters
    ----------
    section
        Code of each cell's section, shape ``(n_cells,)``.
    batch_size
        Cells per minibatch.
    drop_last
        Whether a last minibatch that is not full is left out.
    """

    def __init__(
        self, section: NDArray[np.intp], batch_size: int, *, drop_last: bool = False
    ) -> None:
        self.section = section
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __len__(self) -> int:
        """Return the number of cells."""
        return len(self.section)

    def __iter__(self) -> Iterator[int]:
        """Go through the cells, in an order that torch's random numbers decide."""
        seed = int(torch.empty((), dtype=torch.int64).random_())
        order = section_order(
            self.section,
            self.batch_size,
            np.random.default_rng(seed),
            drop_last=self.drop_last,
        )
        return iter(order.tolist())


def section_order(
    section: NDArray[np.intp],
    batch_size: int,
    rng: np.random.Generator,
    *,
    drop_last: bool = False,
) -> NDArray[np.intp]:
    """Order cells at random such that minibatches hold cells of few sections.

    Each section is cut, in a random order of its cells, into patches of half a minibatch, and a
    minibatch is two random patches. What is left of the sections, less than a patch of each, and
    thus small sections whole, is put together in the same way. Compared with random minibatches
    every cell counts as much as before, but with many sections a cell meets half a minibatch of
    its own section instead of very few cells of it.

    Parameters
    ----------
    section
        Code of each cell's section, shape ``(n_cells,)``.
    batch_size
        Cells per minibatch; minibatches are consecutive cells of the order.
    rng
        Source of the order.
    drop_last
        Whether the loader leaves out a last minibatch that is not full. Its cells are then drawn
        from all alike, lest it always be the same small section that is left out.

    Returns
    -------
    Every row number once, shape ``(n_cells,)``. Time O(n_cells log n_cells).

    Examples
    --------
    >>> import numpy as np
    >>> from dpvae.model.loading.order import section_order
    >>> section = np.repeat([0, 1, 2, 3], 4)
    >>> order = section_order(section, 4, np.random.default_rng(0))
    >>> section[order].reshape(8, 2)[:, 0] == section[order].reshape(8, 2)[:, 1]
    array([ True,  True,  True,  True,  True,  True,  True,  True])
    """
    n_cells = len(section)
    cells = rng.permutation(n_cells)
    n_left_out = n_cells % batch_size if drop_last else 0
    cells, left_out = np.split(cells, [n_cells - n_left_out])
    whole, rests = _patches(section, cells, max(batch_size // SECTIONS_PER_MINIBATCH, 1))
    in_patches = np.concatenate([cells[:0], *_shuffled(whole, rng), *_shuffled(rests, rng)])
    minibatches = np.split(in_patches, np.arange(batch_size, len(in_patches), batch_size))
    last = [minibatches.pop()] if len(minibatches[-1]) < batch_size else []
    return np.concatenate([*_shuffled(minibatches, rng), *last, left_out])


def _patches(
    section: NDArray[np.intp], cells: NDArray[np.intp], size: int
) -> tuple[list[NDArray[np.intp]], list[NDArray[np.intp]]]:
    """Cut the cells of each section into patches; what is left of each is given apart."""
    cells = cells[np.argsort(section[cells], kind="stable")]
    begins = np.flatnonzero(np.diff(section[cells])) + 1
    whole, rests = [], []
    for of_section in np.split(cells, begins):
        *patches, rest = np.split(of_section, np.arange(size, len(of_section) + 1, size))
        whole += patches
        rests.append(rest)
    return whole, rests


def _shuffled(
    parts: list[NDArray[np.intp]], rng: np.random.Generator
) -> Iterator[NDArray[np.intp]]:
    return (parts[k] for k in rng.permutation(len(parts)))


class SectionSplitter(RowSplitter):
    """Split into training and validation part, the former in minibatches of few sections if wanted.

    From disk the cells of a minibatch are read one by one, since those of a section are anywhere in
    a file.

    Parameters
    ----------
    *args, **kwargs
        Those of :class:`scvi.dataloaders.DataSplitter`.
    balance_sections
        Whether minibatches hold cells of few sections, see :func:`section_order`.

    Raises
    ------
    ValueError
        If they shall and several processes train, or no column names the sections.
    """

    def __init__(self, *args: Any, balance_sections: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.balance_sections = balance_sections
        if balance_sections:
            self._check_sections(several_processes=bool(kwargs.get("distributed_sampler")))

    def train_dataloader(self) -> Any:
        """Create the loader of the training part."""
        loader = super().train_dataloader()
        if not self.balance_sections:
            return loader
        codes = self.adata_manager.get_from_registry(REGISTRY.section)
        section = np.asarray(codes, dtype=np.intp).ravel()
        batches = loader.sampler
        size, drop_last = batches.batch_size, batches.drop_last
        if isinstance(batches, BufferedBatches):
            batches.order = partial(section_order, section[batches.rows], size, drop_last=drop_last)
            batches.buffer_size = size
        else:
            batches.sampler = SectionSampler(section[self.train_idx], size, drop_last=drop_last)
        return loader

    def _check_sections(self, *, several_processes: bool) -> None:
        if section_column(self.adata_manager.registry["setup_args"]) is None:
            message = (
                "balance_sections=True, but no column of adata.obs names the sections: name one "
                "with setup_anndata(sample_key=…), or leave out balance_sections."
            )
            raise ValueError(message)
        if several_processes:
            message = (
                "balance_sections=True works in one process, and several were asked for: leave out "
                "strategy and devices, or balance_sections."
            )
            raise ValueError(message)
