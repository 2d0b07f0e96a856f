"""Statistics by which a decoder standardises, brought up to date after training."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

SEED = 0
MOST_CELLS, MINIBATCH = 8_192, 128


def chosen_cells(n_cells: int) -> NDArray[np.intp]:
    """Choose cells for whole minibatches of 128: all in random order, or 8,192 of more."""
    order = np.random.default_rng(SEED).permutation(n_cells)[:MOST_CELLS]
    return order[: len(order) // MINIBATCH * MINIBATCH or len(order)]


@torch.no_grad()
def update_statistics(module: Any, minibatches: Iterable[dict[str, Tensor]]) -> None:
    """Take the mean statistics of minibatches, in which cells have latents as in training.

    Batch normalisation keeps running statistics, of which a step replaces one in a hundred. After
    a short training, in which latents grow, they lag behind, and what is decoded is exaggerated.

    Parameters
    ----------
    module
        A module of scvi-tools that has a ``decoder``; its random numbers are seeded.
    minibatches
        Each of at least two cells.
    """
    layers = [layer for layer in module.decoder.modules() if isinstance(layer, nn.BatchNorm1d)]
    if not layers:
        return
    module.eval()
    with torch.random.fork_rng(), _counting(layers):
        torch.manual_seed(SEED)
        for tensors in minibatches:
            module(tensors, compute_loss=False)


@contextmanager
def _counting(layers: list[nn.BatchNorm1d]) -> Iterator[None]:
    """Let each minibatch count alike."""
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None
        layer.train()
    try:
        yield
    finally:
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum
            layer.eval()
