"""Warnings that a command shows, and keeps for the file that it writes."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def kept_warnings() -> Iterator[list[str]]:
    """Give a list that has the warnings of a block once it is left; they are shown as usual.

    What packages warn developers of, such as deprecations, is shown, but not kept.
    """
    kept: list[str] = []
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield kept
    finally:
        for found in caught:
            warnings.warn_explicit(found.message, found.category, found.filename, found.lineno)
            message = str(found.message)
            if found.category is UserWarning and message not in kept:
                kept.append(message)
