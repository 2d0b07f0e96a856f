"""In which order an epoch goes through cells, and thereby which cells meet in a minibatch."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from torch.utils.data import Sampler

Rows = NDArray[np.intp]
Order = Callable[[np.random.Generator], Rows]

PATCH = 8


class BatchOrder(Protocol):
    """A way to order the cells that train."""

    def of_rows(self, rows: Rows) -> Order:
        """Give what orders these rows: positions in ``rows``, from a source of randomness."""


class PatchOrder:
    """Random patches of cells that a graph connects, see :func:`patch_order`.

    A minibatch then holds both near pairs and, between patches, far ones. Pairs with cells that do
    not train are left out.

    Parameters
    ----------
    graph
        The pair mask of all cells, shape ``(n_cells, n_cells)``.
    """

    def __init__(self, graph: csr_matrix) -> None:
        self.graph = graph

    def of_rows(self, rows: Rows) -> Order:
        """Give what orders these rows in patches."""
        return partial(patch_order, self.graph[rows][:, rows])


class OrderedRows(Sampler[int]):
    """Goes through rows once, in an order that torch's random numbers decide.

    Parameters
    ----------
    n_rows
        Number of rows.
    order
        What orders them.
    """

    def __init__(self, n_rows: int, order: Order) -> None:
        self.n_rows = n_rows
        self.order = order

    def __len__(self) -> int:
        """Return the number of rows."""
        return self.n_rows

    def __iter__(self) -> Iterator[int]:
        """Go through the rows."""
        return iter(self.order(random_generator()).tolist())


def random_generator() -> np.random.Generator:
    """Make a source of random numbers, seeded by torch."""
    return np.random.default_rng(int(torch.empty((), dtype=torch.int64).random_()))


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
        neighbors = graph.indices[graph.indptr[cell] : graph.indptr[cell + 1]]
        neighbors = neighbors[is_left[neighbors]]
        patch = np.append(cell, rng.permutation(neighbors[neighbors != cell])[: PATCH - 1])
        is_left[patch] = False
        order[filled : filled + len(patch)] = patch
        filled += len(patch)
    return order
