"""How long to train, on how many threads, and how loudly."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import ceil
from typing import Any

import numpy as np
import torch

from dpvae.model.validation_part import check_split, has_validation, needs_validation

BATCH_SIZE = 128
FEWEST_CELLS_OF_MINIBATCH = 2
FEWEST_STEPS = 500
MOST_STEPS = 20_000
N_VALIDATIONS = 100
MOST_GENES_FOR_ONE_THREAD = 2000
NOISE = (
    r".*has fewer than 3 cells",
    r".*does not have many workers",
    r".*smaller than the logging interval",
    r"Last batch will have a small size",
    r"Total length of `list` across ranks is zero",
    r".*isinstance\(treespec, LeafSpec\)",
    r"early_stopping was automatically disabled",
)


def with_default_split(arguments: Mapping[str, Any], n_cells: int) -> dict[str, Any]:
    """Let every cell train, unless a validation part is asked for or needed.

    What looks at it needs one (:func:`needs_validation`); a size of it, or of the training part,
    or the cells of both, or how often to look at it ask for one. A last minibatch of one or two
    cells, which batch normalisation cannot use, is left out; its cells are others in every epoch.

    Parameters
    ----------
    arguments
        Arguments of ``train``.
    n_cells
        Number of cells.

    Returns
    -------
    The arguments, completed.

    Raises
    ------
    ValueError
        If shares of cells are not possible, or a validation part is needed and no cell is in it.
    """
    splitter = dict(arguments.get("datasplitter_kwargs") or {})
    asking = {"train_size", "validation_size", "check_val_every_n_epoch"}
    asked = asking & set(arguments) or "external_indexing" in splitter
    check_split(arguments, n_cells)
    if asked or needs_validation(arguments) is not None:
        return dict(arguments)
    batch_size = arguments.get("batch_size", BATCH_SIZE)
    if n_cells > batch_size and 0 < n_cells % batch_size <= 2:
        splitter.setdefault("drop_last", True)
    return {**arguments, "train_size": 1.0, "datasplitter_kwargs": splitter}


def check_numbers(max_epochs: int | None, batch_size: int) -> None:
    """Raise where a training cannot have so many epochs, or minibatches so many cells."""
    if max_epochs is not None and not (_is_whole(max_epochs) and max_epochs >= 0):
        message = (
            f"max_epochs is {max_epochs}: give a whole number of epochs, or None, which chooses it "
            "by the number of cells."
        )
        raise ValueError(message)
    if not (_is_whole(batch_size) and batch_size >= FEWEST_CELLS_OF_MINIBATCH):
        message = (
            f"batch_size is {batch_size}: give a whole number of cells that is at least "
            f"{FEWEST_CELLS_OF_MINIBATCH}, such as {BATCH_SIZE}."
        )
        raise ValueError(message)


def _is_whole(number: Any) -> bool:
    return isinstance(number, int | np.integer)


def suitable_steps(n_cells: int) -> int:
    """Choose how many steps to train for this many cells; see :func:`suitable_epochs`."""
    grown: float = FEWEST_STEPS * max(n_cells / FEWEST_STEPS, 1.0) ** 0.75
    return min(ceil(grown), MOST_STEPS)


def suitable_epochs(
    n_cells: int,
    *,
    batch_size: int,
    train_size: float | None,
    n_steps: int | None = None,
    n_processes: int = 1,
) -> int:
    """Choose how many epochs to train.

    Parameters
    ----------
    n_cells
        Cells of training and validation part together.
    batch_size
        Cells per step and process.
    train_size
        Share of the training part; ``None`` is 0.9.
    n_steps
        Steps to take. By default 500 for up to 500 cells and with more cells more, as their number
        to the power of ¾: 1,500 for 2,200 cells, 20,000, which is the most, for 70,000; shared
        among the processes, down to 500.
    n_processes
        Number of processes that train together, each on cells of its own in every step.
    """
    if n_steps is None:
        n_steps = max(ceil(suitable_steps(n_cells) / n_processes), FEWEST_STEPS)
    steps_per_epoch = max(n_cells * (train_size or 0.9) // (batch_size * n_processes), 1)
    return ceil(n_steps / steps_per_epoch)


def epochs_between_validations(
    max_epochs: int, arguments: Mapping[str, Any], n_cells: int
) -> int | None:
    """How often to look at the validation part: about a hundred times, or never without one.

    Parameters
    ----------
    max_epochs
        Epochs of the training.
    arguments
        The other arguments of ``train``.
    n_cells
        Number of cells.
    """
    return max(max_epochs // N_VALIDATIONS, 1) if has_validation(arguments, n_cells) else None


@contextmanager
def suitable_threads(n_threads: int | None, n_genes: int) -> Iterator[None]:
    """Train on so many threads, or on one where matrices are small.

    Threads wait for one another hundreds of times a step. Where each has a core to itself, four are
    up to 1.7 times faster than one; where one of them has to wait for a core, ten times slower.

    Parameters
    ----------
    n_threads
        Number of threads. ``None`` is one for up to 2,000 genes, and above that torch's number.
    n_genes
        Number of genes.

    Raises
    ------
    ValueError
        If the number of threads is not at least 1.
    """
    if n_threads is not None and n_threads < 1:
        message = f"n_threads is {n_threads}: give a number that is at least 1, or None."
        raise ValueError(message)
    if n_threads is None and n_genes <= MOST_GENES_FOR_ONE_THREAD:
        n_threads = 1
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads or before)
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
