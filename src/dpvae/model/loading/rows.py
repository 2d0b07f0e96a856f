"""Minibatches for the models, from memory or from disk."""

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from math import ceil
from typing import Any

import numpy as np
import pandas as pd
from scvi import REGISTRY_KEYS, settings
from scvi.data import AnnDataManager, AnnTorchDataset
from scvi.dataloaders import AnnDataLoader, DataSplitter
from torch import Tensor, distributed
from torch.utils.data import BatchSampler, DataLoader, default_convert

from dpvae._data.matrix_on_disk import MatrixOnDisk, is_on_disk, open_matrix
from dpvae.model.loading.blocks import BufferedBatches, Draw, block_order, share_of_process
from dpvae.model.loading.order import BatchOrder, OrderedRows

logger = logging.getLogger(__name__)

BUFFER_BYTES = 128 * 2**20
FEWEST_BATCHES_PER_BUFFER = 4
FEW_CELLS = 2


class BufferedRows(AnnTorchDataset):
    """The dataset of scvi-tools, of which one buffer of rows at a time is in memory.

    Parameters
    ----------
    adata_manager
        Of a registered AnnData.
    **kwargs
        As for :class:`scvi.data.AnnTorchDataset`.
    """

    def __init__(self, adata_manager: AnnDataManager, **kwargs: Any) -> None:
        super().__init__(adata_manager, **kwargs)
        self._all_rows = {
            key: open_matrix(values) if is_on_disk(values) else values
            for key, values in (
                (key, adata_manager.get_from_registry(key)) for key in self.keys_and_dtypes
            )
        }
        self._in_buffer = np.empty(0, dtype=np.intp)
        self._buffer: dict[str, Any] = {}

    @property
    def data(self) -> dict[str, Any]:
        """What is in the buffer."""
        return self._buffer

    def __getitem__(self, draw: Draw) -> dict[str, Any]:
        """Give a minibatch; read its buffer first if it is another one."""
        if not np.array_equal(draw.buffer, self._in_buffer):
            self._in_buffer, self._buffer = draw.buffer, {}
            for key, values in self._all_rows.items():
                self._buffer[key] = _chosen_rows(values, draw.buffer)
        minibatch: dict[str, Any] = super().__getitem__(draw.chosen)
        return minibatch


def row_loader(
    adata_manager: AnnDataManager,
    *,
    indices: Sequence[int] | None,
    batch_size: int = 128,
    shuffle: bool = False,
    order: BatchOrder | None = None,
    **kwargs: Any,
) -> DataLoader[Any]:
    """Load minibatches: of expression in memory as scvi-tools does, of expression on disk buffered.

    Parameters
    ----------
    adata_manager
        Of a registered AnnData.
    indices
        Rows to load; ``None`` is all.
    batch_size
        Rows per minibatch.
    shuffle
        Whether every epoch has a new random order: on disk, of random blocks of neighbouring rows
        that are mixed, 128 MiB of them at a time (:class:`BufferedBatches`).
    order
        How they are shuffled instead. From disk the cells of a minibatch are then read one by one.
        Several processes shuffle at random, whatever is given.
    **kwargs
        As for :class:`scvi.dataloaders.AnnDataLoader`. From disk there is one reader a process,
        whatever ``num_workers`` says, and every process reads the same part of the rows in every
        epoch.
    """
    if order is not None and kwargs.get("distributed_sampler"):
        logger.warning(
            "On several devices minibatches are random: few pairs of the mask meet in them."
        )
        order = None
    if not shuffle:
        order = None
    if not reads_from_disk(adata_manager):
        arguments = {"indices": indices, "collate_fn": _cell_by_cell, **kwargs}
        if order is not None:
            return _ordered_loader(adata_manager, order, batch_size, **arguments)
        loader: DataLoader[Any] = AnnDataLoader(
            adata_manager, batch_size=batch_size, shuffle=shuffle, **arguments
        )
        return loader
    dataset = BufferedRows(
        adata_manager,
        getitem_tensors=kwargs.get("data_and_attributes"),
        load_sparse_tensor=kwargs.get("load_sparse_tensor", False),
    )
    rows = np.arange(len(dataset)) if indices is None else np.asarray(indices)
    if rows.dtype == bool:
        rows = np.flatnonzero(rows)
    rows = np.sort(rows) if shuffle else rows
    if kwargs.get("distributed_sampler"):
        rows = share_of_process(rows, distributed.get_rank(), distributed.get_world_size())
    buffer_size = _rows_per_buffer(dataset, batch_size) if order is None else batch_size
    in_blocks = partial(block_order, len(rows), buffer_size) if shuffle else None
    sampler = BufferedBatches(
        rows,
        batch_size=batch_size,
        buffer_size=buffer_size,
        order=in_blocks if order is None else order.of_rows(rows),
        drop_last=bool(kwargs.get("drop_last", False)),
    )
    return DataLoader(
        dataset,
        sampler=sampler,
        batch_size=None,
        pin_memory=kwargs.get("pin_memory", False),
        collate_fn=_as_it_is if kwargs.get("iter_ndarray") else None,
    )


def _ordered_loader(
    adata_manager: AnnDataManager, order: BatchOrder, batch_size: int, **arguments: Any
) -> DataLoader[Any]:
    """Load rows in memory in another order than at random."""
    rows = np.asarray(arguments["indices"])
    dataset = adata_manager.create_torch_dataset(
        indices=rows, load_sparse_tensor=arguments.get("load_sparse_tensor", False)
    )
    sampler = BatchSampler(
        OrderedRows(len(rows), order.of_rows(rows)),
        batch_size,
        drop_last=bool(arguments.get("drop_last", False)),
    )
    pin_memory = arguments.get("pin_memory", False)
    return DataLoader(
        dataset,
        sampler=sampler,
        batch_size=None,
        pin_memory=pin_memory,
        collate_fn=arguments["collate_fn"],
    )


class RowSplitter(DataSplitter):
    """scvi-tools' split into training and validation part, each loaded by :func:`row_loader`.

    A last minibatch of one or two cells, which batch normalisation cannot use, is left out.
    """

    data_loader_cls = staticmethod(row_loader)
    drop_last: Any
    train_idx: Any
    val_idx: Any
    test_idx: Any

    def setup(self, stage: str | None = None) -> None:
        """Split; of data on disk, all parts but the training part are read as they are stored."""
        super().setup(stage)
        together = distributed.get_world_size() if distributed.is_initialized() else 1
        n_rows, size = ceil(len(self.train_idx) / together), self._batch_size
        self.drop_last = self.drop_last or (n_rows > size and 0 < n_rows % size <= FEW_CELLS)
        if reads_from_disk(self.adata_manager):
            self.val_idx = np.sort(self.val_idx)
            self.test_idx = np.sort(self.test_idx)

    def use_parts(self, parts: Mapping[str, Tensor]) -> None:
        """Take the rows of ``train_idx``, ``val_idx`` and ``test_idx`` from an earlier split."""
        for name, rows in parts.items():
            if name == "train_idx":
                self.train_idx = rows.numpy()
            elif name == "val_idx":
                self.val_idx = rows.numpy()
            else:
                self.test_idx = rows.numpy()

    def train_dataloader(self) -> Any:
        """Create the loader of the training part; raise if it has no minibatch."""
        loader = super().train_dataloader()
        if len(loader) == 0:
            message = (
                f"{len(self.train_idx)} cells train, which is less than one minibatch of "
                f"{self._batch_size} in every process, and drop_last=True leaves out what is less: "
                "give a smaller batch_size, or leave out drop_last."
            )
            raise ValueError(message)
        return loader

    def val_dataloader(self) -> Any:
        """Create the loader of the validation part; none if all cells train."""
        return super().val_dataloader() if len(self.val_idx) else []

    @property
    def _batch_size(self) -> int:
        return int(self.data_loader_kwargs.get("batch_size") or settings.batch_size)


def reads_from_disk(adata_manager: AnnDataManager) -> bool:
    """Whether the expression of a registered AnnData is on disk."""
    return is_on_disk(adata_manager.get_from_registry(REGISTRY_KEYS.X_KEY))


def _rows_per_buffer(dataset: BufferedRows, batch_size: int) -> int:
    bytes_per_row = sum(
        values.bytes_per_row
        for values in dataset._all_rows.values()
        if isinstance(values, MatrixOnDisk)
    )
    n_batches = int(BUFFER_BYTES / max(bytes_per_row, 1.0)) // batch_size
    return max(n_batches, FEWEST_BATCHES_PER_BUFFER) * batch_size


def _chosen_rows(values: Any, rows: Any) -> Any:
    if isinstance(values, str):
        return values
    return values.iloc[rows] if isinstance(values, pd.DataFrame) else values[rows]


def _cell_by_cell(minibatch: Mapping[str, Any]) -> Any:
    """Make tensors that are stored cell by cell: those of CSC are not, and sums differ in order."""
    return default_convert(
        {
            key: np.ascontiguousarray(rows) if isinstance(rows, np.ndarray) else rows
            for key, rows in minibatch.items()
        }
    )


def _as_it_is(minibatch: Any) -> Any:
    return minibatch
