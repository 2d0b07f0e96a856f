import numpy as np
import pytest
from scipy.sparse import csr_array, csr_matrix

from dpvae._data import matrix_on_disk
from dpvae._data.matrix_on_disk import open_matrix
from dpvae.model.data.gene_statistics import gene_statistics


@pytest.mark.parametrize("form", [np.asarray, csr_matrix, csr_array])
def test_equals_mean_and_deviation_of_each_section(form):
    values = np.random.default_rng(0).poisson(1.0, (30, 4)).astype(np.float32)
    section = np.repeat([0, 1, 2], 10)
    mean, scale = gene_statistics(form(values), section, 3)
    for code in range(3):
        np.testing.assert_allclose(mean[code], values[section == code].mean(0), rtol=1e-5)
        np.testing.assert_allclose(scale[code], values[section == code].std(0), rtol=1e-5)


def test_constant_genes_and_empty_sections_have_scale_one():
    mean, scale = gene_statistics(np.full((5, 2), 3.0), np.zeros(5, dtype=int), 2)
    assert mean.tolist() == [[3, 3], [0, 0]]
    assert scale.tolist() == [[1, 1], [1, 1]]


@pytest.mark.slow
def test_statistics_of_a_matrix_on_disk_are_those_in_memory(sections, on_disk, monkeypatch):
    monkeypatch.setattr(matrix_on_disk, "ROWS_AT_A_TIME", 37)
    section = np.arange(240) % 3
    section[50:90] = 1
    shift = csr_matrix(np.where(np.arange(40) == 3, 100.0, 0.0))
    sections.X = csr_matrix(sections.X + shift[np.zeros(240, dtype=int)])
    expected = gene_statistics(sections.X, section, 4)
    found = gene_statistics(open_matrix(on_disk(sections).X), section, 4)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-7)
