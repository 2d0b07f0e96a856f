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


def test_neighbours_are_the_nearest_and_never_the_cell_itself(cells):
    values, dissociated = cells
    distance = np.linalg.norm(dissociated.latent[:, None] - dissociated.latent[None], axis=-1)
    near = np.argsort(distance + 1e9 * np.eye(120), axis=1)[:, :50]
    weights = dissociated.neighbors(dissociated.latent, own=True).toarray()
    assert not weights.diagonal().any()
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, rtol=1e-5)
    for row, expected in zip(weights, near, strict=True):
        assert set(np.flatnonzero(row)) == set(expected)
    mean, spread = dissociated.mean_and_spread(csr_matrix(weights))
    np.testing.assert_allclose(mean, values[near].mean(axis=1), atol=1e-4)
    np.testing.assert_allclose(spread, values[near].std(axis=1), atol=1e-3)


def test_latents_tell_the_genes_that_depend_on_them(cells):
    found = cells[1].latent_correlation()
    assert found[0] > 0.6
    assert abs(found[1]) < 0.3


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
