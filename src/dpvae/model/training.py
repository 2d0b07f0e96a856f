"""How long to train, on how many threads, and how loudly."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import ceil
from typing import Any

import torch

N_STEPS = 1000
N_VALIDATIONS = 100
MOST_GENES_FOR_ONE_THREAD = 2000
NOISE = (
    r".*has fewer than 3 cells",
    r".*does not have many workers",
    r".*smaller than the logging interval",
    r".*isinstance\(treespec, LeafSpec\)",
)


def epochs_for_steps(
    n_cells: int, *, batch_size: int, train_size: float | None, n_steps: int = N_STEPS
) -> int:
    """Convert steps to epochs.

    Parameters
    ----------
    n_cells
        Cells of training and validation part together.
    batch_size
        Cells per step.
    train_size
        Share of the training part; ``None`` is 0.9.
    n_steps
        Steps to take.
    """
    steps_per_epoch = max(n_cells * (train_size or 0.9) // batch_size, 1)
    return ceil(n_steps / steps_per_epoch)


def epochs_between_validations(max_epochs: int, arguments: Mapping[str, Any]) -> int | None:
    """How often to look at the validation part: about a hundred times, or never without one.

    Parameters
    ----------
    max_epochs
        Epochs of the training.
    arguments
        The other arguments of ``train``.
    """
    indexing = (arguments.get("datasplitter_kwargs") or {}).get("external_indexing")
    without = arguments.get("train_size") == 1 if indexing is None else len(indexing) < 2
    return None if without else max(max_epochs // N_VALIDATIONS, 1)


@contextmanager
def suitable_threads(n_genes: int) -> Iterator[None]:
    """Train on one thread where matrices are small: more are no faster, and far slower when busy.

    Parameters
    ----------
    n_genes
        Number of genes. Above 2,000 the number of threads is left as it is.
    """
    before = torch.get_num_threads()
    if n_genes <= MOST_GENES_FOR_ONE_THREAD:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def without_noise() -> Iterator[None]:
    """Silence warnings of the libraries below that tell a user of this one nothing."""
    with warnings.catch_warnings():
        for message in NOISE:
            warnings.filterwarnings("ignore", message=message)
        yield
