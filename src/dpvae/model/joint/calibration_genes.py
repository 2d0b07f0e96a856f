"""Shared genes that are kept from the tissue, to see how well they are imputed."""

import numpy as np
from numpy.typing import NDArray

from dpvae._data.whole_number import is_whole

SHARE = 0.1
FEWEST = 8
MOST = 50
MOST_SHARE = 0.25
FEWEST_LEFT = 5


def check_n_calibration(n_calibration: int | None) -> None:
    """Raise if this is no number of calibration genes.

    Raises
    ------
    ValueError
        If it is neither ``None`` nor a whole number of at least 3.
    """
    if n_calibration is not None and not (is_whole(n_calibration) and n_calibration >= 3):
        message = (
            f"n_calibration is {n_calibration!r}: give a whole number of at least 3, or None for a "
            "tenth of the shared genes."
        )
        raise ValueError(message)


def calibration_genes(
    shared: NDArray[np.bool_], n_calibration: int | None, seed: int = 0
) -> NDArray[np.intp]:
    """Choose them at random.

    Parameters
    ----------
    shared
        Whether all technologies measured a gene, shape ``(n_genes,)``.
    n_calibration
        How many; ``None`` is a tenth, from 8 to 50, but at most a quarter.
    seed
        Of the choice.

    Returns
    -------
    Their numbers, in rising order.

    Raises
    ------
    ValueError
        If fewer than five shared genes would be left.
    """
    numbers = np.flatnonzero(shared)
    if n_calibration is None:
        wanted = np.clip(round(SHARE * len(numbers)), FEWEST, MOST)
        n_calibration = max(int(min(wanted, MOST_SHARE * len(numbers))), 1)
    if len(numbers) - n_calibration < FEWEST_LEFT:
        message = (
            f"n_calibration is {n_calibration}, but {len(numbers)} genes are shared, of which "
            f"{FEWEST_LEFT} must be left to learn from."
        )
        raise ValueError(message)
    return np.sort(np.random.default_rng(seed).choice(numbers, n_calibration, replace=False))
