"""The state of a training, kept in a file so that it can go on after an interruption."""

import hashlib
import logging
import pickle
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from dpvae.model.history import HistoryLogger
from dpvae.model.processes import n_processes
from dpvae.model.training import BATCH_SIZE

logger = logging.getLogger(__name__)


class TrainingCheckpoint(Callback):
    """Writes the state of a training at ends of epochs, and takes it up again.

    The state is that of weights, optimizer, learning rate, random numbers and history. A new file
    replaces the one before when it is whole.

    Parameters
    ----------
    path
        File to write, or ``None`` to write nothing.
    every
        Number of epochs, or time, between two files.
    origin
        What is trained on what, see :func:`training_origin`.

    Raises
    ------
    ValueError
        If ``every`` is not at least one epoch, or is a time before now.
    """

    def __init__(
        self, path: Path | None, every: int | timedelta, origin: Mapping[str, str]
    ) -> None:
        too_often = every < timedelta(0) if isinstance(every, timedelta) else every < 1
        if too_often:
            message = f"checkpoint_every is {every}: give a number of epochs, or a timedelta."
            raise ValueError(message)
        self.path = path
        self.every = every
        self.origin = dict(origin)
        self._found: dict[str, Any] | None = None
        self._history: dict[str, Any] = {}
        self._written = time.monotonic()

    @property
    def state_key(self) -> str:
        """Name of the state in the file."""
        return "dpvae"

    def state_dict(self) -> dict[str, Any]:
        """Give what Lightning does not keep by itself."""
        on_gpu = torch.cuda.is_available()
        return {
            "origin": self.origin,
            "random": torch.get_rng_state(),
            "random_gpu": torch.cuda.get_rng_state_all() if on_gpu else [],
            "history": self._history,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Keep the state until training starts."""
        self._found = state_dict

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Go on with random numbers and history where the file left off."""
        del pl_module
        if self._found is None:
            return
        for log in trainer.loggers:
            if isinstance(log, HistoryLogger):
                log.experiment.restore(self._found["history"])
        torch.set_rng_state(self._found["random"])
        if self._found["random_gpu"]:
            torch.cuda.set_rng_state_all(self._found["random_gpu"])
        _ = iter(trainer.train_dataloader or ())  # draws what a loader draws before an epoch

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the file where it is time."""
        del pl_module
        if self.path is None or not trainer.strategy.broadcast(self._is_due(trainer)):
            return
        self._history = next(
            (log.experiment.records for log in trainer.loggers if isinstance(log, HistoryLogger)),
            {},
        )
        self.path.parent.mkdir(parents=True, exist_ok=True)
        half_written = self.path.with_name(f".{self.path.name}.part")
        try:
            trainer.save_checkpoint(half_written)
            if trainer.is_global_zero:
                half_written.replace(self.path)
        except (OSError, RuntimeError) as error:
            half_written.unlink(missing_ok=True)
            logger.warning("The state of the training could not be kept: %s", error)
        self._written = time.monotonic()

    def _is_due(self, trainer: Trainer) -> bool:
        if isinstance(self.every, timedelta):
            return time.monotonic() - self._written >= self.every.total_seconds()
        return (trainer.current_epoch + 1) % self.every == 0


def training_origin(model: Any, max_epochs: int, arguments: Mapping[str, Any]) -> dict[str, str]:
    """Describe what is trained on what: where this differs a training cannot go on.

    Parameters
    ----------
    model
        The model.
    max_epochs
        Number of epochs.
    arguments
        The other arguments of ``train``.
    """
    genes = hashlib.sha256("\n".join(model.get_var_names()).encode()).hexdigest()[:12]
    parameters = model.init_params_
    chosen = {**parameters["non_kwargs"], **parameters["kwargs"]}
    described = {name: repr(value) for name, value in chosen.items()}
    plan = arguments.get("plan_kwargs") or {}
    splitter = arguments.get("datasplitter_kwargs") or {}
    return {
        "model": type(model).__name__,
        **described,
        "number of cells": str(model.adata.n_obs),
        "number of genes": str(model.adata.n_vars),
        "names of the genes (as a checksum)": genes,
        "max_epochs": str(max_epochs),
        "batch_size": str(arguments.get("batch_size", BATCH_SIZE)),
        "train_size": str(arguments.get("train_size")),
        "alignment": str(plan.get("alignment")),
        "alignment_weight": str(plan.get("alignment_weight")),
        "balance_sections": str(splitter.get("balance_sections", False)),
        "processes": str(n_processes(arguments)),
    }


def check_checkpoint(path: Path, origin: Mapping[str, str]) -> None:
    """Raise where a training cannot go on from a file.

    Parameters
    ----------
    path
        The file.
    origin
        What is trained on what.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not the state of a training, or that of another one.
    """
    if not path.is_file():
        message = f"There is no file {path} to resume from: leave out resume_from to begin anew."
        raise FileNotFoundError(message)
    try:
        stored = torch.load(path, map_location="cpu", mmap=True, weights_only=True)
        found = stored["callbacks"]["dpvae"]["origin"]
    except (OSError, RuntimeError, KeyError, TypeError, EOFError, pickle.UnpicklingError) as error:
        message = (
            f"{path} is not a whole file that train(checkpoint=…) wrote: give another one as "
            "resume_from, or leave it out to begin anew."
        )
        raise ValueError(message) from error
    differing = [name for name in {**found, **origin} if found.get(name) != origin.get(name)]
    if differing:
        name = differing[0]
        message = (
            f"{path} belongs to another training: its {name} is {found.get(name)}, here it is "
            f"{origin.get(name)}. Make the model and call train() as it was done then, or leave "
            "out resume_from to begin anew."
        )
        raise ValueError(message)
