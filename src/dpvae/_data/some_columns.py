"""Some columns of a matrix at a time, so that memory holds them."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dpvae._data.matrix_on_disk import MatrixOnDisk

BYTES_AT_A_TIME = 256 * 2**20


def columns_in_parts(values: Any, rows: NDArray[np.intp]) -> Iterator[Any]:
    """Give all columns of some rows at once, or of a matrix on disk as many as fit into memory."""
    if not isinstance(values, MatrixOnDisk):
        yield values[rows]
        return
    n_columns = values.shape[1]
    n_bytes = values.bytes_per_row * len(rows) / max(n_columns, 1)
    step = max(int(BYTES_AT_A_TIME / max(n_bytes, 1.0)), 1)
    for begin in range(0, n_columns, step):
        yield values.columns(np.arange(begin, min(begin + step, n_columns)))[rows]
