"""Reading of an HDF5 file as long as it does not change."""

import os
from collections.abc import Callable
from typing import Any

Read = Callable[[int, int], Any]


def while_unchanged(read: Read, values: Any) -> Read:
    """Read rows of a matrix, and raise if its file was changed since this call.

    HDF5 silently reads zeros for lost parts of a file. If a file was opened for reading only,
    losses since it was opened are noticed, too. A file that was moved or replaced
    is still read as it was.

    Parameters
    ----------
    read
        Reads the rows from one number up to another.
    values
        A matrix in an HDF5 file; of others ``read`` is returned as it is.

    Returns
    -------
    ``read``, which raises ``OSError`` if size or time of the file changed.
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
