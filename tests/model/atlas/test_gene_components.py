import numpy as np
from scipy.sparse import csr_matrix

from dpvae.model.atlas import gene_components
from dpvae.model.atlas.gene_components import fit_gene_components


def genes(n_cells=80, n_genes=12, seed=0):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n_cells, 3)) @ rng.normal(size=(3, n_genes))
    return (values + 0.1 * rng.normal(size=values.shape)).astype(np.float32)


def test_equals_components_of_standardized_genes():
    values = genes()
    found = fit_gene_components(values, 3).of(lambda rows: values[rows], np.arange(80))
    standardized = (values - values.mean(axis=0)) / values.std(axis=0)
    left, size, _ = np.linalg.svd(standardized, full_matrices=False)
    np.testing.assert_allclose(np.abs(found), np.abs(left * size)[:, :3], atol=1e-3)


def test_unit_and_form_of_genes_do_not_count_nor_do_those_that_do_not_vary(monkeypatch):
    values = genes()
    other = csr_matrix(np.c_[values * np.arange(1, 13), np.full(80, 3.0)])
    expected = fit_gene_components(values, 3).of(lambda rows: values[rows], np.arange(5, 70))
    monkeypatch.setattr(gene_components, "rows_at_a_time", lambda _: 7)
    found = fit_gene_components(other, 3).of(lambda rows: other[rows], np.arange(5, 70))
    np.testing.assert_allclose(np.abs(found), np.abs(expected), atol=1e-3)
