import anndata
import h5py
import numpy as np
import pytest
from anndata import AnnData
from scipy.sparse import csr_matrix, issparse

from dpvae.tl.joint_matrix import JointMatrix, write_joint


def parts(*kinds):
    """Two matrices of five columns of eight, and the whole as an array."""
    rng = np.random.default_rng(0)
    columns = np.array([1, 6, 0, 3, 7]), np.array([2, 1, 5, 4, 0])
    values = [rng.poisson(0.7, (n, 5)).astype(np.uint16) for n in (30, 45)]
    whole = np.zeros((75, 8))
    for begin, some, where in zip((0, 30), values, columns, strict=True):
        whole[begin : begin + len(some), where] = some
    given = [kind(some) for kind, some in zip(kinds, values, strict=True)]
    return JointMatrix(list(zip(given, columns, strict=True)), 8), whole


@pytest.mark.parametrize(
    ("kinds", "is_sparse"),
    [
        ((csr_matrix, csr_matrix), True),
        ((csr_matrix, np.array), True),
        ((np.array, np.array), False),
    ],
)
def test_columns_go_where_they_belong_in_memory_and_on_disk(
    kinds, is_sparse, tmp_path, monkeypatch
):
    monkeypatch.setattr("dpvae._data.expression.ROWS_AT_A_TIME", 16)
    matrix, whole = parts(*kinds)
    found = matrix.read()
    assert issparse(found) == is_sparse
    assert found.dtype == np.uint16
    np.testing.assert_array_equal(found.toarray() if is_sparse else found, whole)
    with h5py.File(tmp_path / "matrix.h5", "w") as file:
        matrix.write(file)
        read = anndata.io.read_elem(file["X"])
    assert issparse(read) == is_sparse
    assert read.dtype == np.uint16
    np.testing.assert_array_equal(read.toarray() if is_sparse else read, whole)


def test_kinds_of_numbers_are_brought_together():
    matrix, whole = parts(lambda x: csr_matrix(x.astype(np.float32)), csr_matrix)
    assert matrix.read().dtype == np.float32
    np.testing.assert_array_equal(matrix.read().toarray(), whole)


def test_a_file_is_replaced_as_a_whole_or_not_at_all(tmp_path):
    path = tmp_path / "joint.h5ad"
    path.write_bytes(b"old")
    matrix, whole = parts(csr_matrix, csr_matrix)
    broken = JointMatrix([*matrix.parts, (np.ones((2, 5)), np.arange(4))], 8)
    with pytest.raises(ValueError, match="shape"):
        write_joint(AnnData(shape=(77, 8)), broken, path)
    assert path.read_bytes() == b"old"
    written = write_joint(AnnData(shape=(75, 8)), matrix, path)
    np.testing.assert_array_equal(written.to_memory().X.toarray(), whole)
    written.file.close()
    assert [file.name for file in tmp_path.iterdir()] == ["joint.h5ad"]
