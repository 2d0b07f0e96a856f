import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import Ridge

from dpvae.model.joint.dissociated import Dissociated
from dpvae.model.joint.gene_regression import PENALTIES, regressed_genes


def test_genes_that_depend_on_the_shown_ones_are_found_as_by_one_of_the_penalties():
    rng = np.random.default_rng(0)
    seen = rng.normal(size=(150, 8)).astype(np.float32)
    weight = rng.normal(size=(8, 2))
    genes = (seen @ weight + 0.1 * rng.normal(size=(150, 2))).astype(np.float32)
    zero = np.array([0.5, -1.0], np.float32)
    cells = Dissociated(0, seen, seen, csr_matrix(genes - zero), zero)
    new = rng.normal(size=(40, 8)).astype(np.float32)
    found = regressed_genes(cells, new)
    assert np.corrcoef(found.ravel(), (new @ weight).ravel())[0, 1] > 0.99
    fits = [Ridge(penalty).fit(seen, genes).predict(new) for penalty in PENALTIES]
    for gene in range(2):
        assert min(np.abs(fit[:, gene] - found[:, gene]).max() for fit in fits) < 1e-3
    alone = Dissociated(0, seen, seen, csr_matrix((genes - zero)[:, :1]), zero[:1])
    np.testing.assert_allclose(regressed_genes(alone, new)[:, 0], found[:, 0], atol=1e-4)
