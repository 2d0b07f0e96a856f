"""What counts as a number."""

from math import isfinite
from typing import TypeGuard

import numpy as np


def is_number(value: object) -> TypeGuard[float]:
    """Whether an argument is a finite real number.

    Examples
    --------
    >>> from dpvae.module.number import is_number
    >>> is_number(0.3), is_number("0.3"), is_number(float("nan"))
    (True, False, False)
    """
    return isinstance(value, int | float | np.integer | np.floating) and isfinite(value)
