import numpy as np
import pytest
from scipy.sparse import csr_array, csr_matrix

from dpvae.model.gene_statistics import gene_statistics


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
