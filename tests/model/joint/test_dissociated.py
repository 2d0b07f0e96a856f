import numpy as np
import pytest
from scipy.sparse import csr_matrix

from dpvae.model.joint.dissociated import Dissociated, chosen_genes, correlations


@pytest.fixture
def cells():
    rng = np.random.default_rng(0)
    latent = rng.normal(size=(120, 2)).astype(np.float32)
    values = np.c_[latent[:, 0], rng.normal(size=120), latent[:, 1] ** 2].astype(np.float32)
    zero = np.array([0.5, 0.0, -1.0], np.float32)
    return values, Dissociated(0, latent, latent, csr_matrix(values - zero), zero)


def test_spread_is_that_of_the_nearest_cells(cells, monkeypatch):
    values, dissociated = cells
    others = np.random.default_rng(1).normal(size=(30, 2)).astype(np.float32)
    distance = np.linalg.norm(others[:, None] - dissociated.latent[None], axis=-1)
    near = np.argsort(distance, axis=1)[:, :50]
    spread = dissociated.spread(others)
    np.testing.assert_allclose(spread, values[near].std(axis=1), atol=1e-3)
    monkeypatch.setattr("dpvae.model.joint.dissociated.ROWS_AT_A_TIME", 7)
    np.testing.assert_allclose(dissociated.spread(others), spread, atol=1e-5)


def test_spread_among_few_cells_is_that_of_all():
    latent = np.arange(4, dtype=np.float32)[:, None]
    genes = np.array([[0.0], [1.0], [4.0], [9.0]], np.float32)
    few = Dissociated(0, latent, latent, csr_matrix(genes), np.zeros(1, np.float32))
    np.testing.assert_allclose(few.spread(latent[:2])[:, 0], genes.std(), rtol=1e-5)


def test_correlations_are_numpys_and_0_or_nan_where_nothing_varies():
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(2, 30, 3))
    expected = [np.corrcoef(a, b)[0, 1] for a, b in zip(one.T, other.T, strict=True)]
    np.testing.assert_allclose(correlations(one, other), expected)
    one[:, 0], other[:, 1] = 1.0, 1.0
    found = correlations(one, other)
    assert found[0] == 0
    assert np.isnan(found[1])


def test_genes_are_read_in_parts(monkeypatch):
    monkeypatch.setattr("dpvae.model.joint.dissociated.ROWS_AT_A_TIME", 7)
    values = np.random.default_rng(0).poisson(1.0, (40, 9)).astype(np.float32)
    rows, genes = np.arange(3, 33), np.array([8, 0, 4])
    read = csr_matrix(values)
    found = chosen_genes(lambda some: read[some], rows, genes)
    np.testing.assert_array_equal(found.toarray(), values[rows][:, genes])
