"""One file of JSON and arrays, in the format safetensors, that notices when it is damaged."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from dpvae.model.files.encoding import Arrays, RefusedError

STARTS_OF_PICKLES = (b"PK\x03\x04", b"\x80")
ENTRY = "dpvae"


def write_arrays(path: Path, document: Any, arrays: Arrays) -> None:
    """Write JSON and arrays, and a checksum of them.

    Parameters
    ----------
    path
        The file.
    document
        What JSON can hold.
    arrays
        Arrays by name, of numbers.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    text = json.dumps({"sha256": _checksum(document, arrays), "content": document})
    try:
        save_file(arrays, path, metadata={ENTRY: text})
    except SafetensorError as error:
        raise OSError(str(error)) from error


def read_arrays(path: Path) -> tuple[Any, Arrays]:
    """Read what :func:`write_arrays` wrote; nothing in the file can run.

    Raises
    ------
    RefusedError
        If the file is a pickle.
    Exception
        Of any other kind if it is damaged, or of another format.
    """
    try:
        with safe_open(path, framework="np") as file:
            stored = json.loads(file.metadata()[ENTRY])
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        if is_pickle(path):
            message = "it is a pickle with another name, which can run any code."
            raise RefusedError(message) from error
        raise
    if stored["sha256"] != _checksum(stored["content"], arrays):
        message = "The checksum does not fit."
        raise ValueError(message)
    return stored["content"], arrays


def is_pickle(path: Path) -> bool:
    """Whether a file begins like a pickle, or like a file of torch."""
    with path.open("rb") as file:
        start = file.read(9)
    return start.startswith(STARTS_OF_PICKLES) and not start.endswith(b"{")  # as of JSON


def _checksum(document: Any, arrays: Arrays) -> str:
    checksum = hashlib.sha256(json.dumps(document, allow_nan=False).encode())
    for name, array in sorted(arrays.items()):
        checksum.update(f"{name} {array.dtype} {array.shape}".encode())
        checksum.update(array.reshape(-1).view(np.uint8).data)
    return checksum.hexdigest()
