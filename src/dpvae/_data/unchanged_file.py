"""Reading of an HDF5 file while it stays as it is."""

import os
from collections.abc import Callable
from typing import Any

Read = Callable[[int, int], Any]


def while_unchanged(read: Read, values: Any) -> Read:
    """Read rows of a matrix, and raise where its file was changed since this call.

    HDF5 gives zeros for what a file has lost, and does not say so. Where a file was opened for
    reading only, what it lost since it was opened is noticed, too. A file that was moved or
    replaced is still read as it was.

    Parameters
    ----------
    read
        Reads the rows from one number up to another.
    values
        A matrix in an HDF5 file; of others ``read`` is returned as it is.

    Returns
    -------
    ``read``, which raises ``OSError`` where size or time of the file are others than before.
    """
    file = getattr(getattr(values, "group", values), "file", None)
    if not file or file.driver != "sec2":
        return read
    if file.mode == "r+":
        file.flush()
    number = file.id.get_vfd_handle()
    size, time = _state(number)
    if file.mode == "r":
        size = file.id.get_filesize()

    def read_unchanged(begin: int, end: int) -> Any:
        rows = read(begin, end)
        if _state(number) != (size, time):
            message = f"{file.filename} was changed while it was being read."
            raise OSError(message)
        return rows

    return read_unchanged


def _state(number: int) -> tuple[int, int]:
    found = os.fstat(number)
    return found.st_size, found.st_mtime_ns
