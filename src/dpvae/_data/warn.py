"""Warnings that name the line a user wrote."""

import sys
import warnings

INSIDE = ("dpvae", "scvi")


def warn_user(message: str) -> None:
    """Warn at the line that called the package, however deep the cause was found."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").split(".")[0] in INSIDE:
        level, frame = level + 1, frame.f_back
    warnings.warn(message, UserWarning, stacklevel=level)
