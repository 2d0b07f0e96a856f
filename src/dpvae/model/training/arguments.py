"""How long to train, and how loudly."""

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from inspect import signature
from math import ceil
from typing import Any

import numpy as np
import scvi
from lightning.pytorch import Trainer
from scvi.model.base import UnsupervisedTrainingMixin
from scvi.train import TrainingPlan, TrainRunner

from dpvae.model.training.validation_part import check_split, has_validation, needs_validation

BATCH_SIZE = 128
FEWEST_CELLS_OF_MINIBATCH = 2
FEWEST_STEPS = 500
MOST_STEPS = 20_000
N_VALIDATIONS = 100
NOISE = (
    r".*has fewer than 3 cells",
    r".*does not have many workers",
    r".*smaller than the logging interval",
    r"Last batch will have a small size",
    r"Total length of `list` across ranks is zero",
    r".*isinstance\(treespec, LeafSpec\)",
    r"early_stopping was automatically disabled",
    r"(GPU|TPU|MPS) available but not used",
)
LOUD_LOGGERS = ("lightning.pytorch", "lightning.fabric")


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


def check_names(arguments: Mapping[str, Any]) -> None:
    """Raise if ``train`` has no argument of such a name, before anything is done.

    Parameters
    ----------
    arguments
        Arguments of ``train`` that are handed on to scvi-tools and Lightning.
    """
    takers = (UnsupervisedTrainingMixin.train, TrainRunner, scvi.train.Trainer, Trainer)
    names = {name for taker in takers for name in signature(taker).parameters} | {"ckpt_path"}
    of_plan = set(signature(TrainingPlan).parameters) | {"lr_schedule", "far_share", "alignment"}
    for name in sorted(set(arguments) - names):
        message = f"train() has no argument {name!r}."
        if "epoch" in name:
            message += " The number of passes over the data is max_epochs=…"
        elif name in of_plan:
            message += f" Give it as plan_kwargs={{{name!r}: …}}."
        elif close := get_close_matches(name, names, n=1):
            message += f" Is it {close[0]} that you mean?"
        raise TypeError(message)


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
def without_noise() -> Iterator[None]:
    """Silence what the libraries below say that tells a user of this one nothing."""
    loggers = [logging.getLogger(name) for name in LOUD_LOGGERS]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        for message in NOISE:
            warnings.filterwarnings("ignore", message=message)
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(max(level, logging.WARNING))
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
