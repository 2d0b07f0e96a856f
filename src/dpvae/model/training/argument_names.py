"""Arguments of ``train``, by name and number."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from inspect import signature
from typing import Any

import numpy as np
import scvi
from lightning.pytorch import Trainer
from scvi.dataloaders import AnnDataLoader, DataSplitter
from scvi.model.base import UnsupervisedTrainingMixin
from scvi.train import TrainingPlan, TrainRunner
from torch.utils.data import DataLoader

from dpvae._data.arguments import check_among
from dpvae.model.training.validation_part import BATCH_SIZE

FEWEST_CELLS_OF_MINIBATCH = 2
OWN_OF_SPLITTER = {"adata_manager", "dataset", "kwargs", "indices", "sampler", "batch_sampler"}


def check_numbers(max_epochs: int | None, batch_size: int) -> None:
    """Raise if the number of epochs, or of cells in a minibatch, is impossible."""
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
    """Raise if ``train`` has no argument of this name, before anything is done.

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
            message += f" Do you mean {close[0]}?"
        raise TypeError(message)


def check_splitter(arguments: Iterable[str]) -> None:
    """Raise if the data splitter and its loaders have no argument of this name."""
    takers = (DataSplitter, AnnDataLoader, DataLoader)
    names = {name for taker in takers for name in signature(taker).parameters}
    check_among("datasplitter_kwargs", arguments, names - OWN_OF_SPLITTER)


def _is_whole(number: Any) -> bool:
    return isinstance(number, int | np.integer)
