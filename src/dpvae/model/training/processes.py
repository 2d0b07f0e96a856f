"""Training in several processes."""

import os
import warnings
from collections.abc import Mapping
from typing import Any

import torch
from lightning.pytorch.strategies import DDPStrategy
from scvi import settings

from dpvae._data.counted import counted

FEWEST_CELLS = 3


def n_processes(arguments: Mapping[str, Any]) -> int:
    """Count the processes that train together.

    Parameters
    ----------
    arguments
        Arguments of ``train``.
    """
    if not _is_distributed(arguments):
        return 1
    devices = arguments.get("devices", "auto")
    if isinstance(devices, (list, tuple)):
        n_devices = len(devices)
    elif str(devices).isdecimal():
        n_devices = int(devices)
    else:
        n_devices = 1 if _on_cpu(arguments) else torch.cuda.device_count()
    return n_devices * int(arguments.get("num_nodes", 1))


def for_processes(arguments: Mapping[str, Any], n_cells: int) -> dict[str, Any]:
    """Let every process train on a part of the same cells.

    The loaders know which part; Lightning must not divide it again.

    Parameters
    ----------
    arguments
        Arguments of ``train``.
    n_cells
        Number of cells.

    Returns
    -------
    The arguments, with what several processes need.

    Raises
    ------
    ValueError
        If there are more processes than devices, too few cells for them, or if they could not
        agree on the validation part.

    Warns
    -----
    UserWarning
        If early stopping is on, which does not work in several processes.
    """
    together = n_processes(arguments)
    if arguments.get("early_stopping") and _is_distributed(arguments):
        message = (
            "scvi-tools has no early stopping with this strategy, which is for several processes: "
            "all epochs will be trained. Give max_epochs, or leave out strategy."
        )
        warnings.warn(message, UserWarning, stacklevel=3)
    if together == 1:
        return dict(arguments)
    here = together // int(arguments.get("num_nodes", 1))
    kind, available = "cores", os.cpu_count() or 1
    if not _on_cpu(arguments):
        kind, available = "GPUs", torch.cuda.device_count()
    if here > available:
        message = f"devices asks for {here} processes, and this machine has {available} {kind}."
        raise ValueError(message)
    if n_cells < FEWEST_CELLS * together:
        message = (
            f"{counted(n_cells, 'cell is', 'cells are')} too few for {together} processes, each "
            "of which needs at least "
            f"{FEWEST_CELLS}: train in one process, without strategy and devices."
        )
        raise ValueError(message)
    completed = {**arguments, "use_distributed_sampler": False}
    if arguments.get("train_size") == 1:
        return {**completed, "shuffle_set_split": False}
    if settings.seed is None:
        message = (
            "Each process would draw a validation part of its own: set scvi.settings.seed = 0 "
            "before training, or leave out train_size and early_stopping."
        )
        raise ValueError(message)
    return completed


def _is_distributed(arguments: Mapping[str, Any]) -> bool:
    """Whether scvi-tools divides the cells between processes: with DDP alone."""
    strategy = arguments.get("strategy")
    return "ddp" in strategy if isinstance(strategy, str) else isinstance(strategy, DDPStrategy)


def _on_cpu(arguments: Mapping[str, Any]) -> bool:
    accelerator = arguments.get("accelerator", "auto")
    return accelerator == "cpu" or (accelerator == "auto" and not torch.cuda.is_available())
