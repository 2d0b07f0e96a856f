"""Numbers of things, such as neighbours or genes."""

from typing import Any

import numpy as np


def is_whole(number: Any) -> bool:
    """Whether something is an integer, and not just true or false."""
    return isinstance(number, int | np.integer) and not isinstance(number, bool)


def check_whole(number: Any, argument: str, *, remedy: str = "") -> None:
    """Raise if the argument of this name is not an integer of at least 1; add a remedy."""
    if not is_whole(number) or number < 1:
        message = f"{argument} is {number!r}: give a positive integer{remedy}."
        raise ValueError(message)


def check_seed(seed: Any) -> None:
    """Raise if random numbers cannot be seeded by this."""
    if not is_whole(seed) or seed < 0:
        message = f"seed is {seed!r}: give an integer of at least 0."
        raise ValueError(message)
