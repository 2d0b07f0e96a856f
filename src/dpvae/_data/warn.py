"""Warnings that name the line a user wrote."""

import sys
import warnings

INSIDE = ("dpvae", "scvi")


def warn_user(message: str) -> None:
    """Warn whoever called the package, however deep below the call something was found."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals["__name__"].split(".")[0] in INSIDE:
        level, frame = level + 1, frame.f_back
    warnings.warn(message, UserWarning, stacklevel=level)
