"""How long to train."""

from math import ceil

N_STEPS = 1500


def epochs_for_steps(
    n_cells: int, *, batch_size: int, train_size: float | None, n_steps: int = N_STEPS
) -> int:
    """Number of epochs that make about ``n_steps`` steps.

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
