"""How long to train."""

from collections.abc import Mapping
from math import ceil
from typing import Any

from dpvae.model.training.validation_part import has_validation

FEWEST_STEPS = 500
MOST_STEPS = 20_000
N_VALIDATIONS = 100


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
