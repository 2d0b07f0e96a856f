"""The state of a training, kept in a file so that it can go on after an interruption."""

import pickle
import time
from collections.abc import Mapping
from copy import deepcopy
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from dpvae.model.training.fingerprint import first_difference
from dpvae.model.training.history import HistoryLogger
from dpvae.model.training.state_file import whole_files

PARTS = ("train_idx", "val_idx", "test_idx")


class TrainingCheckpoint(Callback):
    """Writes the state of a training between epochs, and resumes from it.

    The state: weights, optimiser, learning rate, random numbers, history, and the split into
    training and validation part. It is written when an epoch is complete,
    before the next one begins.

    Parameters
    ----------
    path
        File to write, or ``None`` to write nothing.
    every
        Number of epochs, or time, between two files.
    origin
        Model, data and arguments, see :func:`~dpvae.model.training.fingerprint.fingerprint`.

    Raises
    ------
    ValueError
        If ``every`` is not a number of at least one epoch, or a time that is not negative.
    """

    def __init__(
        self, path: Path | None, every: int | timedelta, origin: Mapping[str, str]
    ) -> None:
        if isinstance(every, timedelta):
            is_possible = every >= timedelta(0)
        else:
            is_whole = isinstance(every, int | np.integer) and not isinstance(every, bool)
            is_possible = is_whole and every >= 1
        if not is_possible:
            message = (
                f"checkpoint_every is {every!r}: give a whole number of epochs that is at least 1, "
                "or a datetime.timedelta."
            )
            raise ValueError(message)
        self.path = path
        self.every = every
        self.origin = dict(origin)
        self._found: dict[str, Any] | None = None
        self._state: dict[str, Any] = {}
        self._progress: dict[str, Any] = {}
        self._waiting: dict[str, Any] | None = None
        self._written = time.monotonic()
        self._last_epoch = 0

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
            **self._state,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Keep the state until training starts."""
        self._found = state_dict

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Go on with the history and the split of the file, and stop if it had stopped.

        A file that Lightning's own ``ModelCheckpoint`` wrote has neither: the history begins anew.
        """
        del pl_module
        if self._found is None:
            return
        for log in trainer.loggers:
            if isinstance(log, HistoryLogger) and "history" in self._found:
                log.experiment.restore(self._found["history"])
        _splitter(trainer).use_parts(self._found.get("split", {}))
        trainer.should_stop = any(stop.stopped_epoch for stop in trainer.early_stopping_callbacks)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Go on with the random numbers of the file."""
        del pl_module
        self._last_epoch = trainer.current_epoch
        if self._found is None:
            return
        torch.set_rng_state(self._found["random"])
        if self._found["random_gpu"]:
            torch.cuda.set_rng_state_all(self._found["random_gpu"])
        _ = iter(trainer.train_dataloader or ())  # draws what a loader draws before an epoch

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Remember how far training is: Lightning can go on from the end of an epoch only."""
        del pl_module
        if self.path is not None:
            self._progress = deepcopy(trainer.fit_loop.state_dict())

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Write the progress of the end of the epoch, and the states of callbacks that wait."""
        del trainer, pl_module
        if self._waiting is not None:
            checkpoint["loops"]["fit_loop"] = self._progress
            checkpoint["callbacks"].update(self._waiting)

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the file if it is time, after everything that follows an epoch."""
        del pl_module
        self._write(trainer)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the file after the last epoch if it is time."""
        del pl_module
        self._write(trainer)

    def _write(self, trainer: Trainer) -> None:
        if self.path is None or trainer.current_epoch == self._last_epoch:
            return
        self._last_epoch = trainer.current_epoch
        if not trainer.strategy.broadcast(self._is_due(trainer)):
            return
        logs = (log.experiment for log in trainer.loggers if isinstance(log, HistoryLogger))
        parts = ((part, getattr(_splitter(trainer), part, None)) for part in PARTS)
        self._state = {
            "history": next((log.records for log in logs), {"values": {}, "time": {}}),
            "split": {part: torch.as_tensor(rows) for part, rows in parts if rows is not None},
        }
        with whole_files(trainer) as self._waiting:
            trainer.save_checkpoint(self.path)
        self._waiting = None
        self._written = time.monotonic()

    def _is_due(self, trainer: Trainer) -> bool:
        if isinstance(self.every, timedelta):
            return time.monotonic() - self._written >= self.every.total_seconds()
        return trainer.current_epoch % self.every == 0


def _splitter(trainer: Trainer) -> Any:
    return getattr(trainer, "datamodule")  # noqa: B009, which mypy does not find


def check_checkpoint(path: Path, origin: Mapping[str, str]) -> None:
    """Raise if a training cannot resume from a file.

    Parameters
    ----------
    path
        The file.
    origin
        Model, data and arguments of the training.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it holds no state of a training, or the state of another one.
    """
    if not path.is_file():
        message = f"There is no file {path} to resume from: leave out resume_from to begin anew."
        raise FileNotFoundError(message)
    try:
        stored = torch.load(path, map_location="cpu", mmap=True, weights_only=True)
        state = stored["callbacks"]["dpvae"]
        found, _ = state["origin"], state["history"]
    except (OSError, RuntimeError, KeyError, TypeError, EOFError, pickle.UnpicklingError) as error:
        message = (
            f"{path} is not a whole file that train(checkpoint=…) wrote: give another one as "
            "resume_from, or leave it out to begin anew. A file that Lightning's ModelCheckpoint "
            "wrote is given as ckpt_path."
        )
        raise ValueError(message) from error
    difference = first_difference(found, origin)
    if difference is not None:
        message = (
            f"{path} belongs to another training: {difference}. Make the model and call train() "
            "as it was done then, or leave out resume_from to begin anew."
        )
        raise ValueError(message)
