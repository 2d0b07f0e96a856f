"""Expression over the tissue by surfaces of principal components."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.decomposition import PCA

from dpvae.geometry.surfaces.surfaces import fit_surfaces
from dpvae.model.tissue import expression_surfaces
from dpvae.model.tissue.expression_surfaces import fit_expression_surfaces

N_CELLS, N_GENES, DEPTH = 400, 12, 300.0


@pytest.fixture(scope="module")
def places():
    return np.random.default_rng(0).uniform(0, 100, (N_CELLS, 2))


@pytest.fixture(scope="module")
def truth(places):
    """Gene 0 rises along x, gene 1 has a spot in the middle."""
    shares = np.ones((N_CELLS, N_GENES))
    shares[:, 0] = np.exp(places[:, 0] / 40)
    shares[:, 1] = 8 * np.exp(-0.5 * ((places - 50) ** 2).sum(axis=1) / 15**2)
    return shares / shares.sum(axis=1, keepdims=True)


@pytest.fixture(scope="module")
def logarithms(truth):
    counts = np.random.default_rng(1).poisson(DEPTH * truth)
    return np.log1p(counts / counts.sum(axis=1, keepdims=True) * DEPTH)


def fit(logarithms, places, names=None):
    names = np.full(len(places), "a") if names is None else names
    return fit_expression_surfaces(lambda rows: csr_matrix(logarithms[rows]), places, names)


@pytest.mark.slow
def test_planted_patterns_are_recovered(places, truth, logarithms):
    found = fit(logarithms, places).shares("a", places, np.arange(N_GENES))
    np.testing.assert_allclose(found.sum(axis=1), 1.0)
    for gene in (0, 1):
        assert np.corrcoef(found[:, gene], truth[:, gene])[0, 1] > 0.97
    error = np.abs(found - truth).mean()
    assert error < 0.3 * np.abs(truth - truth.mean(axis=0)).mean()


@pytest.mark.slow
def test_it_is_a_process_of_principal_components_at_the_level_of_the_counts(places, logarithms):
    new = np.random.default_rng(2).uniform(10, 90, (20, 2))
    found = fit(logarithms, places).shares("a", new, np.arange(N_GENES))
    axes = PCA(N_GENES).fit(logarithms)
    surfaces = fit_surfaces(places, axes.transform(logarithms)).surfaces

    def counts(at):
        return np.expm1(np.maximum(axes.inverse_transform(surfaces.at(at)), 0.0))

    shares = np.expm1(logarithms)
    shares /= shares.sum(axis=1, keepdims=True)
    expected = counts(new) * shares.mean(axis=0) / counts(places).mean(axis=0)
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found, expected, rtol=0.02)


@pytest.mark.slow
def test_genes_and_parts_do_not_depend_on_one_another(places, logarithms, monkeypatch):
    surfaces = fit(logarithms, places)
    whole = surfaces.shares("a", places, np.arange(N_GENES))
    monkeypatch.setattr(expression_surfaces, "PLACES_AT_A_TIME", 7)
    found = surfaces.shares("a", places, np.array([5, 1]))
    np.testing.assert_allclose(found, whole[:, [5, 1]])


@pytest.mark.slow
def test_sections_are_by_themselves_and_unknown_places_left_out(places, logarithms):
    alone = fit(logarithms, places)
    genes = np.arange(N_GENES)
    twice = np.vstack([places, places[:, ::-1] + 1e6, np.full((50, 2), np.nan)])
    names = np.array(["a"] * N_CELLS + ["b"] * N_CELLS + ["c"] * 50)
    both = fit(np.vstack([logarithms, logarithms, logarithms[:50]]), twice, names)
    assert set(both.sections) == {"a", "b"}
    found = [both.shares(name, twice[names == name], genes) for name in ("a", "b")]
    for shares in found:
        assert np.abs(shares - alone.shares("a", places, genes)).mean() < 0.003


@pytest.mark.slow
def test_half_is_of_the_network_where_something_is_known(places, logarithms):
    surfaces = fit(logarithms, places)
    some, genes = places[:4].copy(), np.array([1, 3])
    some[2] = np.nan
    network = np.full((4, 2), 0.25, dtype=np.float32)
    found = surfaces.joined("a", some, genes, network)
    expected = 0.5 * (network + surfaces.shares("a", places[:4], genes))
    np.testing.assert_allclose(found[[0, 1, 3]], expected[[0, 1, 3]], rtol=1e-5)
    np.testing.assert_array_equal(found[2], network[2])
    np.testing.assert_array_equal(surfaces.joined("z", some, genes, network), network)


@pytest.mark.slow
def test_genes_that_are_nowhere_have_no_share(places, logarithms):
    silent = np.hstack([logarithms, np.zeros((N_CELLS, 1))])
    found = fit(silent, places).shares("a", places, np.arange(N_GENES + 1))
    np.testing.assert_array_equal(found[:, -1], 0.0)
    assert np.isfinite(found).all()
