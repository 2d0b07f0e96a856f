"""Minibatches of data on disk: random blocks of neighbouring rows, shuffled many at a time."""

from collections.abc import Iterator
from math import ceil
from typing import NamedTuple

import numpy as np
from torch.utils.data import Sampler

from dpvae.model.loading.order import Order, Rows, random_generator

LARGEST_BLOCK = 512
SMALLEST_BLOCK = 16
BLOCKS_PER_BUFFER = 64


class Draw(NamedTuple):
    """A minibatch: the rows of a buffer, and which of them are drawn."""

    buffer: Rows
    chosen: Rows


class BufferedBatches(Sampler[Draw]):
    """Goes through rows once, buffer by buffer, so that each is read from disk just once.

    Reading a row at a time takes longer than training on it. So the rows are put in an order that
    keeps neighbours in the file together (:func:`block_order`), as many as fit into a buffer are
    read, and minibatches are drawn from the buffer at random.

    Parameters
    ----------
    rows
        Row numbers, shape ``(n_rows,)``.
    batch_size
        Rows per minibatch.
    buffer_size
        Rows in memory at once, about: buffers are of about equal size, and of whole minibatches.
    order
        Positions in ``rows`` in the order of an epoch, given a source of random numbers, which
        torch seeds. ``None`` goes through the rows as they are, without shuffling.
    drop_last
        Whether to leave out a last minibatch that is not full.
    """

    def __init__(
        self,
        rows: Rows,
        *,
        batch_size: int,
        buffer_size: int,
        order: Order | None = None,
        drop_last: bool = False,
    ) -> None:
        self.rows = rows
        self.batch_size = batch_size
        self.buffer_size = buffer_size
        self.order = order
        self.drop_last = drop_last

    def __len__(self) -> int:
        """Return the number of minibatches."""
        n_batches = len(self.rows) / self.batch_size
        return int(n_batches) if self.drop_last else ceil(n_batches)

    def __iter__(self) -> Iterator[Draw]:
        """Draw the minibatches of an epoch."""
        if self.order is None:
            yield from self._draws(self.rows, None)
        else:
            rng = random_generator()
            yield from self._draws(self.rows[self.order(rng)], rng)

    def _draws(self, rows: Rows, rng: np.random.Generator | None) -> Iterator[Draw]:
        n_buffers = max(ceil(len(rows) / self.buffer_size), 1)
        size = ceil(len(rows) / n_buffers / self.batch_size) * self.batch_size
        n_drawn = 0
        for begin in range(0, len(rows), max(size, 1)):
            buffer = rows[begin : begin + size]
            positions = np.arange(len(buffer))
            if rng is not None:
                buffer = np.sort(buffer)
                positions = rng.permutation(positions)
            for first in range(0, len(buffer), self.batch_size):
                if n_drawn == len(self):
                    return
                n_drawn += 1
                yield Draw(buffer, np.sort(positions[first : first + self.batch_size]))


def block_order(n_rows: int, buffer_size: int, rng: np.random.Generator) -> Rows:
    """Order rows at random, in blocks of rows that follow each other.

    Parameters
    ----------
    n_rows
        Number of rows.
    buffer_size
        Rows in memory at once. A block has 512 rows, or fewer if a buffer would hold fewer than
        64 blocks, but at least 16.
    rng
        Source of the order. Where the first block ends is random as well.

    Returns
    -------
    Every row number once, shape ``(n_rows,)``.
    """
    size = min(max(buffer_size // BLOCKS_PER_BUFFER, SMALLEST_BLOCK), LARGEST_BLOCK)
    blocks = np.split(np.arange(n_rows), np.arange(rng.integers(1, size + 1), n_rows, size))
    return np.concatenate([blocks[k] for k in rng.permutation(len(blocks))])


def share_of_process(rows: Rows, process: int, n_processes: int) -> Rows:
    """Rows that one of several processes reads: every ``n_processes``-th block of about 512.

    Parameters
    ----------
    rows
        Rows of all processes, shape ``(n_rows,)``.
    process
        Number of the process, from 0.
    n_processes
        Number of processes, at most ``n_rows``.

    Returns
    -------
    The same number of rows for every process, so that all take the same number of steps: if it
    cannot be divided, some processes repeat rows.
    """
    n_rounds = ceil(len(rows) / (LARGEST_BLOCK * n_processes))
    blocks = np.array_split(rows, n_rounds * n_processes)
    share = np.concatenate(blocks[process::n_processes])
    n_missing = ceil(len(rows) / n_processes) - len(share)
    return np.append(share, rows[:n_missing])
