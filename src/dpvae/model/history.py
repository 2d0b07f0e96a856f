"""The logger that ``model.history`` is read from."""

from typing import Any

import pandas as pd
import torch
from scvi.train._logger import SimpleExperiment, SimpleLogger


class HistoryRecords(SimpleExperiment):
    """Logged values, made into tables when they are asked for and not row by row."""

    def __init__(self) -> None:
        self._records: dict[str, dict[int, float]] = {}
        self._time: dict[str, str] = {}

    def log_metrics(self, metrics: dict[str, Any], step: int | None = None) -> None:
        """Record values at their ``epoch``, or where there is none at their ``step``."""
        time = next((time for time in ("step", "epoch") if time in metrics), "step")
        point = int(metrics.get(time, step or 0))
        for name, value in metrics.items():
            if name != time:
                self._time[name] = time
                self._records.setdefault(name, {})[point] = torch.as_tensor(value).item()

    @property
    def data(self) -> dict[str, pd.DataFrame]:
        """One table per name, indexed by epoch or step."""
        return {
            name: pd.DataFrame({name: records}).rename_axis(self._time[name])
            for name, records in self._records.items()
        }


class HistoryLogger(SimpleLogger):
    """scvi-tools' logger with records that cost little at every epoch."""

    def __init__(self) -> None:
        super().__init__()
        self._experiment = HistoryRecords()
