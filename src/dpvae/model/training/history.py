"""The logger that ``model.history`` is read from."""

import pickle
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import torch
from lightning.fabric.loggers.logger import rank_zero_experiment
from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities import rank_zero_only

from dpvae.model.training.processes import n_processes


class HistoryRecords:
    """Logged values, made into tables once, when they are read."""

    def __init__(self) -> None:
        self._records: dict[str, dict[int, float]] = {}
        self._time: dict[str, str] = {}

    def log_metrics(self, metrics: dict[str, Any], step: int | None = None) -> None:
        """Record values at their ``epoch``, or without one at their ``step``."""
        time = next((time for time in ("step", "epoch") if time in metrics), "step")
        point = int(metrics.get(time, step or 0))
        for name, value in metrics.items():
            if name != time:
                self._time[name] = time
                self._records.setdefault(name, {})[point] = torch.as_tensor(value).item()

    @property
    def records(self) -> dict[str, Any]:
        """Everything that was recorded, to be kept in a file."""
        return {"values": self._records, "time": self._time}

    def restore(self, records: Mapping[str, Any]) -> None:
        """Begin with what was recorded before."""
        self._records, self._time = records["values"], records["time"]

    @property
    def data(self) -> dict[str, pd.DataFrame]:
        """One table per name, indexed by epoch or step."""
        return {
            name: pd.DataFrame({name: records}).rename_axis(self._time[name])
            for name, records in self._records.items()
        }


class HistoryLogger(Logger):
    """Keep what is logged during training, at little cost for every epoch.

    Parameters
    ----------
    path
        File that the history is handed over in where training runs in processes of its own, as in
        a notebook; scvi-tools reads it after training.
    """

    def __init__(self, path: Path | None = None) -> None:
        super().__init__()
        self._records = HistoryRecords()
        self.history_path = path

    @property
    @rank_zero_experiment
    def experiment(self) -> HistoryRecords:
        """The values; in all processes but the first a stand-in that keeps nothing."""
        return self._records

    @property
    def history(self) -> dict[str, pd.DataFrame]:
        """One table per name, indexed by epoch or step; the first process has them."""
        return getattr(self.experiment, "data", {})

    @property
    def name(self) -> str:
        """Lightning's own name, which the folder of its checkpoints has."""
        return "lightning_logs"

    @property
    def version(self) -> int:
        """Number of the log."""
        return 1

    @property
    def save_dir(self) -> str:
        """Folder in which Lightning puts its checkpoints: the one we are in."""
        return str(Path.cwd())

    @rank_zero_only
    def log_hyperparams(self, *args: Any, **kwargs: Any) -> None:
        """Keep no arguments: the model has them."""

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, Any], step: int | None = None) -> None:
        """Record values at their epoch or step."""
        self.experiment.log_metrics(metrics, step)

    @rank_zero_only
    def finalize(self, status: str) -> None:  # noqa: ARG002
        """Write the file, if there is one."""
        if self.history_path is not None:
            self.history_path.write_bytes(pickle.dumps(self.history))


@contextmanager
def history_in_use(arguments: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Log to a :class:`HistoryLogger`, unless a logger or a folder for its file is given.

    Parameters
    ----------
    arguments
        Arguments of ``train``, which come back completed.
    """
    if arguments.get("logger") is not None or arguments.get("log_save_dir"):
        yield dict(arguments)
    elif n_processes(arguments) == 1:
        yield {**arguments, "logger": HistoryLogger()}
    else:
        with TemporaryDirectory() as folder:
            yield {**arguments, "logger": HistoryLogger(Path(folder) / "history.pkl")}
