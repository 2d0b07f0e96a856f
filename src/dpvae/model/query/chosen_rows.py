"""Which cells are requested, and how many at a time."""

from typing import Any

import numpy as np


def check_batch_size(batch_size: Any) -> None:
    """Raise if cells cannot be encoded this many at a time; ``None`` is the default number."""
    is_whole = isinstance(batch_size, int | np.integer) and not isinstance(batch_size, bool)
    if batch_size is not None and not (is_whole and batch_size > 0):
        message = f"batch_size is {batch_size!r}: give a whole number, at least 1, or None."
        raise ValueError(message)


def check_indices(indices: Any, n_cells: int) -> None:
    """Raise if cells, by number or as a mask, do not exist.

    Parameters
    ----------
    indices
        Row numbers, a mask of shape ``(n_cells,)``, or ``None`` for all cells.
    n_cells
        Number of cells.
    """
    if indices is None:
        return
    rows = np.asarray(indices)
    if rows.dtype == bool and rows.shape == (n_cells,):
        return
    is_number = rows.ndim == 1 and (rows.dtype.kind in "iu" or rows.size == 0)
    if not is_number or (rows.size and not (-n_cells <= rows.min() <= rows.max() < n_cells)):
        message = (
            f"indices do not name cells: give row numbers from 0 to {n_cells - 1}, or a boolean "
            f"mask of shape ({n_cells},)."
        )
        raise ValueError(message)
