"""Matrices that are not in memory: backed, in zarr, or of Dask; read a few rows at a time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, issparse, vstack

from dpvae._data.numbers import plain_matrix
from dpvae._data.unchanged_file import Read, while_unchanged

ROWS_AT_A_TIME = 4_096
LARGEST_GAP = 256
ROWS_OF_SAMPLE = 64


@dataclass(frozen=True, eq=False)
class MatrixOnDisk:
    """A matrix whose rows come into memory when they are used.

    Parameters
    ----------
    shape
        Number of rows and of columns.
    read
        The rows from one number up to another, dense or CSR; never more than 4,096.
    bytes_per_row
        What a row takes in memory, on average.
    """

    shape: tuple[int, int]
    read: Read
    bytes_per_row: float

    def __getitem__(self, rows: slice | NDArray[Any]) -> Any:
        """Read rows, numbers in any order; what is near each other in the file is read at once."""
        wanted = np.arange(*rows.indices(self.shape[0])) if isinstance(rows, slice) else rows
        distinct, place = np.unique(wanted, return_inverse=True)
        if not len(distinct):
            return self.read(0, 0)
        pieces = _stacked([self._within(span) for span in _spans(distinct)])
        is_in_order = np.array_equal(place, np.arange(len(distinct)))
        return pieces if is_in_order else pieces[place]

    def blocks(self) -> Iterator[tuple[slice, Any]]:
        """Go through the matrix: which rows, and what is in them."""
        for begin in range(0, self.shape[0], ROWS_AT_A_TIME):
            end = min(begin + ROWS_AT_A_TIME, self.shape[0])
            yield slice(begin, end), self.read(begin, end)

    def changed(self, change: Callable[[Any], Any]) -> "MatrixOnDisk":
        """Change rows whenever they are read; ``change`` keeps their shape."""
        return replace(self, read=lambda begin, end: change(self.read(begin, end)))

    def columns(self, chosen: NDArray[np.intp]) -> "MatrixOnDisk":
        """Select columns."""
        return replace(
            self,
            shape=(self.shape[0], len(chosen)),
            read=lambda begin, end: self.read(begin, end)[:, chosen],
            bytes_per_row=self.bytes_per_row * len(chosen) / max(self.shape[1], 1),
        )

    def _within(self, rows: NDArray[np.intp]) -> Any:
        begin, end = int(rows[0]), int(rows[-1]) + 1
        span = self.read(begin, end)
        return span if len(rows) == end - begin else span[rows - begin]


def open_matrix(values: Any, name: str = "The matrix") -> Any:
    """Read a matrix of expression, whatever holds it, in memory or on disk.

    Parameters
    ----------
    values
        ``X`` or a layer of an AnnData: an array or sparse matrix, or of one that is backed, an HDF5
        or zarr array or a sparse dataset of anndata, or a Dask array.
    name
        How messages call it, such as ``"adata.X"``.

    Returns
    -------
    An array, CSR or CSC (see :func:`~dpvae._data.numbers.plain_matrix`), or a
    :class:`MatrixOnDisk`.

    Raises
    ------
    ValueError
        If it does not hold numbers, or is stored on disk column by column, so that no row can be
        read without all others.
    """
    if isinstance(values, MatrixOnDisk):
        return values
    if not is_on_disk(values):
        return plain_matrix(values, name)
    found = _compressed_rows(values) if hasattr(values, "group") else _rows_of_array(values)
    return found.changed(lambda rows: plain_matrix(rows, name))


def _rows_of_array(values: Any) -> MatrixOnDisk:
    if hasattr(values, "__dask_graph__"):
        _refuse_columns(getattr(values._meta, "format", "csr"))

    def read(begin: int, end: int) -> Any:
        rows = values[begin:end]
        rows = rows.compute() if hasattr(rows, "compute") else rows
        return csr_matrix(rows) if issparse(rows) else np.asarray(rows)

    guarded = _guarded(while_unchanged(read, values))
    sample = guarded(0, min(ROWS_OF_SAMPLE, values.shape[0]))
    n_bytes = sample.data.nbytes + sample.indices.nbytes if issparse(sample) else sample.nbytes
    return MatrixOnDisk(tuple(values.shape), guarded, n_bytes / max(sample.shape[0], 1))


def is_on_disk(values: Any) -> bool:
    """Whether a matrix is read when it is used, rather than held in memory."""
    library = type(values).__module__.split(".")[0]
    return (
        isinstance(values, MatrixOnDisk)
        or library in ("h5py", "zarr")
        or (library == "anndata" and hasattr(values, "group"))
        or hasattr(values, "__dask_graph__")
    )


def _compressed_rows(values: Any) -> MatrixOnDisk:
    """Read the three arrays of CSR by ourselves: anndata takes time O(n_rows) for every slice."""
    _refuse_columns(values.format)
    data, indices = values.group["data"], values.group["indices"]
    starts = np.asarray(values.group["indptr"][...], dtype=np.int64)
    n_rows, n_columns = values.shape

    def read(begin: int, end: int) -> csr_matrix:
        first, last = int(starts[begin]), int(starts[end])
        stored = data[first:last], indices[first:last], starts[begin : end + 1] - first
        return csr_matrix(stored, shape=(end - begin, n_columns))

    n_bytes = (data.dtype.itemsize + indices.dtype.itemsize) * int(starts[-1])
    guarded = _guarded(while_unchanged(read, values))
    return MatrixOnDisk((n_rows, n_columns), guarded, n_bytes / max(n_rows, 1))


def _refuse_columns(form: str) -> None:
    if form == "csc":
        message = (
            "The matrix on disk is stored gene by gene (CSC), so that no cell can be read without "
            "all others. Store it cell by cell: read it with anndata.read_h5ad(path), set adata.X "
            "= adata.X.tocsr(), and write it again."
        )
        raise ValueError(message)


def _guarded(read: Read) -> Read:
    def read_or_explain(begin: int, end: int) -> Any:
        try:
            return read(begin, end)
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            message = (
                f"Rows {begin} to {end} of the matrix on disk cannot be read: its file is damaged, "
                f"truncated, changed, moved or closed. Open it again. ({error})"
            )
            raise OSError(message) from error

    return read_or_explain


def _spans(rows: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Divide sorted rows into spans of at most 4,096 rows of the file, at every large gap."""
    parts = np.split(rows, np.flatnonzero(np.diff(rows) > LARGEST_GAP) + 1)
    spans = []
    for part in parts:
        number = (part - part[0]) // ROWS_AT_A_TIME
        spans += np.split(part, np.flatnonzero(np.diff(number)) + 1)
    return spans


def _stacked(pieces: list[Any]) -> Any:
    if len(pieces) == 1:
        return pieces[0]
    return vstack(pieces, format="csr") if issparse(pieces[0]) else np.concatenate(pieces)
