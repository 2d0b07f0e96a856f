"""Probabilities without what is hardly possible."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack

Points = NDArray[np.float64]

LEFT_OUT = 1e-3


def sparse_probabilities(parts: Iterable[Points], n_positions: int) -> csr_matrix:
    """Keep probabilities, but for those that together are a thousandth of a row at most.

    Parameters
    ----------
    parts
        Blocks of rows of sum 1, shape ``(n_rows, n_positions)``.
    n_positions
        Number of columns.

    Returns
    -------
    All rows, of sum 1 again, as 32-bit numbers.
    """
    kept = [csr_matrix((0, n_positions), dtype=np.float32)]
    for dense in parts:
        few = np.where(dense >= LEFT_OUT / n_positions, dense, 0.0)
        few /= few.sum(axis=1, keepdims=True)
        kept.append(csr_matrix(few.astype(np.float32)))
    return csr_matrix(vstack(kept, format="csr"))


def sharpened(probabilities: csr_matrix, power: float) -> csr_matrix:
    """Raise probabilities to a power, and divide rows by their sum, as 64-bit numbers."""
    weight = csr_matrix(probabilities, dtype=np.float64, copy=True)
    n_each = np.diff(weight.indptr)
    highest = np.maximum(weight.max(axis=1).toarray().ravel(), np.finfo(float).tiny)
    weight.data = (weight.data / np.repeat(highest, n_each)) ** power
    weight.data /= np.repeat(np.asarray(weight.sum(axis=1)).ravel(), n_each)
    return weight
