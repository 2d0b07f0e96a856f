import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.spatial.distance import cdist

from dpvae.geometry.regression.balanced_kernel import fit_balanced_kernel
from dpvae.model.atlas.gene_neighbors import fit_gene_neighbors


def problem(n_cells=120, n_genes=30):
    """Places follow three genes, which are weaker than the others."""
    rng = np.random.default_rng(0)
    genes = rng.normal(size=(n_cells, n_genes)).astype(np.float32)
    genes[rng.random(genes.shape) < 0.3] = 0
    places = genes[:, :2] - genes[:, 1:3]
    return genes, places.astype(float), np.r_[np.full(3, 2.0), np.full(n_genes - 3, 0.2)]


@pytest.mark.parametrize("form", [np.asarray, csr_matrix])
def test_it_is_the_mean_over_neighbors_by_plain_and_by_weighted_genes(form):
    genes, places, factor = problem()
    known, query = slice(100), slice(100, None)
    found = fit_gene_neighbors(form(genes[known]), factor, places[known]).predict(
        form(genes[query])
    )
    expected = []
    for values in (genes.astype(float), genes * factor):
        kernel = fit_balanced_kernel(cdist(values[known], values[known]), places[known])
        expected.append(kernel.predict(cdist(values[query], values[known])))
    np.testing.assert_allclose(found, np.mean(expected, axis=0), atol=1e-3)


def test_weights_find_what_is_weak():
    genes, places, factor = problem(400)
    errors = []
    for weight in (factor, np.ones(30)):
        fit = fit_gene_neighbors(genes[:300], weight, places[:300])
        errors.append(((fit.predict(genes[300:]) - places[300:]) ** 2).mean())
    assert errors[0] < 0.8 * errors[1]


def test_what_all_cells_have_in_common_does_not_matter():
    genes, places, factor = problem()
    expected = fit_gene_neighbors(genes[:100], factor, places[:100]).predict(genes[100:])
    raised = genes + np.linspace(0, 300, 30, dtype=np.float32)
    fit = fit_gene_neighbors(raised[:100], factor, places[:100])
    np.testing.assert_allclose(fit.predict(raised[100:]), expected, atol=1e-3)


def test_order_of_genes_does_not_matter():
    genes, places, factor = problem()
    order = np.random.default_rng(1).permutation(30)
    expected = fit_gene_neighbors(genes[:100], factor, places[:100]).predict(genes[100:])
    fit = fit_gene_neighbors(genes[:100, order], factor[order], places[:100])
    np.testing.assert_allclose(fit.predict(genes[100:, order]), expected, atol=1e-4)


def test_places_turn_and_move_with_the_reference():
    genes, places, factor = problem()
    turn = np.array([[0.6, 0.8], [-0.8, 0.6]])
    expected = fit_gene_neighbors(genes[:100], factor, places[:100]).predict(genes[100:])
    moved = fit_gene_neighbors(genes[:100], factor, places[:100] @ turn + 5).predict(genes[100:])
    np.testing.assert_allclose(moved, expected @ turn + 5)
