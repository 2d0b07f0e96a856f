import anndata
import h5py
import numpy as np
import pytest
from scipy.sparse import csc_matrix, csr_matrix, issparse

from dpvae._data import matrix_on_disk
from dpvae._data.matrix_on_disk import MatrixOnDisk, is_on_disk, open_matrix

ROWS = {
    "slice": slice(7, 60),
    "all": slice(None),
    "in order": np.arange(3, 200, 5),
    "in another order, some twice": np.array([200, 5, 5, 6, 100, 4, 239]),
    "none": np.array([], dtype=int),
}


def dense(rows):
    return rows.toarray() if issparse(rows) else rows


@pytest.mark.slow
@pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS)
def test_rows_are_those_of_the_matrix(rows, expression, on_disk):
    matrix = open_matrix(on_disk(expression).X)
    assert isinstance(matrix, MatrixOnDisk)
    assert matrix.shape == expression.shape
    np.testing.assert_array_equal(dense(matrix[rows]), expression.X[rows].toarray())


def test_blocks_cover_every_row_once(expression, on_disk, monkeypatch):
    monkeypatch.setattr(matrix_on_disk, "ROWS_AT_A_TIME", 50)
    blocks = list(open_matrix(on_disk(expression).X).blocks())
    assert [rows.stop - rows.start for rows, _ in blocks] == [50, 50, 50, 50, 40]
    found = np.concatenate([dense(values) for _, values in blocks])
    np.testing.assert_array_equal(found, expression.X.toarray())


def test_changes_and_columns_reach_whatever_is_read(expression, on_disk):
    genes = np.array([3, 1, 30])
    matrix = open_matrix(on_disk(expression).X).columns(genes).changed(lambda rows: 2 * rows)
    assert matrix.shape == (240, 3)
    found = dense(matrix[np.array([9, 2])])
    np.testing.assert_array_equal(found, 2 * expression.X[[9, 2]][:, genes].toarray())


def test_no_read_is_longer_than_a_block_and_gaps_are_left_out(monkeypatch):
    monkeypatch.setattr(matrix_on_disk, "ROWS_AT_A_TIME", 10)
    monkeypatch.setattr(matrix_on_disk, "LARGEST_GAP", 3)
    reads = []

    def read(begin, end):
        reads.append((begin, end))
        return np.arange(begin, end)[:, None]

    rows = np.r_[0, 2, 40:65, 90]
    found = MatrixOnDisk((100, 1), read, 8.0)[rows]
    np.testing.assert_array_equal(found.ravel(), rows)
    assert reads == [(0, 3), (40, 50), (50, 60), (60, 65), (90, 91)]


def test_matrices_in_memory_are_left_alone(expression):
    for values in (expression.X, expression.X.toarray(), csc_matrix(expression.X)):
        assert not is_on_disk(values)
        found = open_matrix(values)
        assert type(found) is type(values)
        assert np.shares_memory(getattr(found, "data", found), getattr(values, "data", values))
    assert not is_on_disk(None)


def test_size_of_a_row_is_what_it_takes_in_memory(expression, on_disk):
    matrix = open_matrix(on_disk(expression).X)
    rows = matrix[:]
    n_bytes = rows.data.nbytes + rows.indices.nbytes if issparse(rows) else rows.nbytes
    assert matrix.bytes_per_row == pytest.approx(n_bytes / 240, rel=0.1)


@pytest.mark.parametrize("is_lazy", [False, True])
def test_a_matrix_stored_by_genes_is_refused(is_lazy, expression, tmp_path):
    expression.X = csc_matrix(expression.X)
    expression.write_h5ad(tmp_path / "section.h5ad")
    adata = anndata.read_h5ad(tmp_path / "section.h5ad", backed="r")
    with h5py.File(tmp_path / "section.h5ad") as file:
        lazy = anndata.experimental.read_elem_lazy(file["X"])
        with pytest.raises(ValueError, match=r"gene by gene \(CSC\)"):
            open_matrix(lazy if is_lazy else adata.X)
    adata.file.close()


def test_a_closed_file_is_named(expression, backed):
    adata = backed(expression)
    matrix = open_matrix(adata.X)
    adata.file.close()
    with pytest.raises(OSError, match=r"Rows 0 to 5 of the matrix on disk .* truncated.* closed"):
        matrix[:5]


def test_a_file_that_lost_its_end_is_named(expression, tmp_path):
    path = tmp_path / "section.h5ad"
    expression.write_h5ad(path)
    with h5py.File(path, "r+") as file:
        values = file["X/data"][:-100]
        del file["X/data"]
        file["X/data"] = values
    adata = anndata.read_h5ad(path, backed="r")
    matrix = open_matrix(adata.X)
    assert isinstance(matrix[:5], csr_matrix)
    with pytest.raises(OSError, match=r"Rows 230 to 240 of the matrix on disk cannot be read"):
        matrix[230:]
    adata.file.close()


def test_a_matrix_can_be_opened_twice(expression, backed):
    matrix = open_matrix(backed(expression).X)
    assert open_matrix(matrix) is matrix
