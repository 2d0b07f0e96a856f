"""How long to train, and how loudly."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil

N_STEPS = 1500
NOISE_OF_LIGHTNING = (
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


@contextmanager
def without_noise() -> Iterator[None]:
    """Silence warnings of Lightning that do not concern data that are in memory."""
    with warnings.catch_warnings():
        for message in NOISE_OF_LIGHTNING:
            warnings.filterwarnings("ignore", message=message)
        yield
