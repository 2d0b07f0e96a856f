"""Expression of several technologies in one matrix, with 0 for what was not measured."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anndata
import h5py
import numpy as np
from anndata import AnnData
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, issparse, vstack

from dpvae._data.expression import rows_in_parts


@dataclass(frozen=True, eq=False)
class JointMatrix:
    """Rows of several matrices, one below the other.

    Parameters
    ----------
    parts
        Each matrix, in memory or on disk, and the column of the whole for each of its columns.
    n_columns
        Number of columns of the whole.
    """

    parts: Sequence[tuple[Any, NDArray[np.intp]]]
    n_columns: int

    def read(self) -> Any:
        """Put all together in memory: CSR, or an array if all are arrays."""
        rows = list(self._rows())
        return vstack(rows, format="csr") if issparse(rows[0]) else np.concatenate(rows)

    def write(self, file: h5py.File) -> None:
        """Write it as ``X``, a few rows at a time."""
        rows = self._rows()
        first = next(rows)
        if not issparse(first):
            self._write_dense(file, first, rows)
            return
        first.indptr = first.indptr.astype(np.int64)
        anndata.io.write_elem(file, "X", first)
        written = anndata.io.sparse_dataset(file["X"])
        for some in rows:
            written.append(some)

    def _write_dense(
        self, file: h5py.File, first: NDArray[Any], rows: Iterator[NDArray[Any]]
    ) -> None:
        size = {"maxshape": (None, self.n_columns), "chunks": (min(len(first), 64), self.n_columns)}
        anndata.io.write_elem(file, "X", first, dataset_kwargs=size)
        for some in rows:
            n_written = len(file["X"])
            file["X"].resize(n_written + len(some), axis=0)
            file["X"][n_written:] = some

    def _rows(self) -> Iterator[Any]:
        samples = [values[:1] for values, _ in self.parts]
        dtype = np.result_type(*(sample.dtype for sample in samples))
        is_sparse = any(issparse(sample) for sample in samples)
        for values, columns in self.parts:
            for rows in rows_in_parts(values):
                moved = self._moved(rows.astype(dtype), columns)
                yield csr_matrix(moved) if is_sparse else moved

    def _moved(self, rows: Any, columns: NDArray[np.intp]) -> Any:
        shape = (rows.shape[0], self.n_columns)
        if not issparse(rows):
            moved = np.zeros(shape, dtype=rows.dtype)
            moved[:, columns] = rows
            return moved
        rows = csr_matrix(rows)
        moved = csr_matrix((rows.data, columns[rows.indices], rows.indptr), shape=shape)
        moved.sort_indices()
        return moved


def write_joint(adata: AnnData, matrix: JointMatrix, path: Path) -> AnnData:
    """Write an AnnData that has no ``X`` yet, and its matrix; open it, backed.

    The file is the old one, or the whole new one.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        adata.write_h5ad(partial)
        with h5py.File(partial, "r+") as file:
            if "X" in file:
                del file["X"]
            matrix.write(file)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return anndata.read_h5ad(path, backed="r")
