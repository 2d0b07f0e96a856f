import os

import anndata
import numpy as np
import pytest
from anndata import AnnData

from dpvae._data import matrix_on_disk
from dpvae._data.matrix_on_disk import open_matrix


@pytest.fixture(params=["sparse", "dense"])
def path(request, tmp_path, expression):
    if request.param == "dense":
        expression.X = expression.X.toarray()
    expression.write_h5ad(tmp_path / "section.h5ad")
    return tmp_path / "section.h5ad"


def test_a_file_that_is_cut_while_it_is_read_is_named(path):
    adata = anndata.read_h5ad(path, backed="r")
    matrix = open_matrix(adata.X)
    matrix[:5]
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(OSError, match=r"truncated, changed.*section\.h5ad was changed while"):
        matrix[200:]
    adata.file.close()


def test_a_file_that_was_cut_since_it_was_opened_is_named(path):
    adata = anndata.read_h5ad(path, backed="r")
    os.truncate(path, path.stat().st_size - 100)
    with pytest.raises(OSError, match=r"section\.h5ad was changed"):
        open_matrix(adata.X)[:5]
    adata.file.close()


def test_what_is_written_between_two_passes_is_no_change(path):
    adata = anndata.read_h5ad(path, backed="r+")
    expected = open_matrix(adata.X)[:]
    anndata.io.write_elem(adata.file._file["obsm"], "places", np.zeros((240, 2)))
    found = open_matrix(adata.X)[:]
    assert abs(found - expected).max() == 0
    adata.file.close()


def test_a_file_that_is_replaced_is_read_as_it_was(path):
    adata = anndata.read_h5ad(path, backed="r")
    matrix = open_matrix(adata.X)
    expected = matrix[:]
    AnnData(np.zeros((240, 40))).write_h5ad(path.with_name("other"))
    path.with_name("other").replace(path)
    assert abs(matrix[:] - expected).max() == 0
    adata.file.close()


def test_what_is_not_in_a_file_of_its_own_is_read_as_before(on_disk, expression):
    matrix = open_matrix(on_disk(expression).X)
    assert isinstance(matrix, matrix_on_disk.MatrixOnDisk)
    assert matrix[:5].shape == (5, 40)
