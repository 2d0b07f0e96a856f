"""Warnings that a command shows, and keeps for the file that it writes."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


@contextmanager
def kept_warnings() -> Iterator[list[str]]:
    """Give a list to which the warnings of a block are added as they are shown.

    What packages warn developers of, such as deprecations, is shown, but not kept.
    """
    kept: list[str] = []
    with warnings.catch_warnings():
        shown = warnings.showwarning

        def show(
            message: Warning | str,
            category: type[Warning],
            filename: str,
            lineno: int,
            file: TextIO | None = None,
            line: str | None = None,
        ) -> None:
            if category is UserWarning and str(message) not in kept:
                kept.append(str(message))
            shown(message, category, filename, lineno, file, line)

        warnings.showwarning = show
        yield kept
