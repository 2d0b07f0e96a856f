import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.spatial.distance import cdist, pdist
from sklearn.linear_model import Ridge

from dpvae.model.joint import gene_regression
from dpvae.model.joint.dissociated import Dissociated
from dpvae.model.joint.gene_regression import (
    KERNEL_PENALTIES,
    PENALTIES,
    genes_by_latents,
    regressed_genes,
)


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


@pytest.fixture
def curved():
    """Cells whose genes depend on two latents, not linearly, and new latents."""
    rng = np.random.default_rng(0)
    latent = rng.normal(size=(200, 2)).astype(np.float32)
    new = rng.normal(size=(50, 2)).astype(np.float32)
    zero = np.array([0.5, -1.0], np.float32)
    genes = (_genes_of(latent) + 0.1 * rng.normal(size=(200, 2))).astype(np.float32)
    return Dissociated(0, latent, latent, csr_matrix(genes - zero), zero), genes, new


def _genes_of(latent):
    return np.stack([np.sin(2 * latent[:, 0]), latent[:, 0] * latent[:, 1]], axis=1)


def test_genes_that_are_no_lines_of_latents_are_found_as_by_one_of_the_penalties(curved):
    cells, genes, new = curved
    found = genes_by_latents(cells, new)
    for one, true in zip(found.T, _genes_of(new).T, strict=True):
        assert np.corrcoef(one, true)[0, 1] > 0.95
    width = np.median(pdist(cells.latent, "sqeuclidean"))
    near = np.exp(-cdist(cells.latent, cells.latent, "sqeuclidean") / width)
    of_new = np.exp(-cdist(new, cells.latent, "sqeuclidean") / width)
    centered, usual = genes - genes.mean(axis=0), near.mean(axis=0)
    middle = np.eye(200) - 1 / 200
    fits = [
        genes.mean(axis=0)
        + (of_new - usual)
        @ middle
        @ np.linalg.solve(middle @ near @ middle + penalty * np.eye(200), centered)
        for penalty in KERNEL_PENALTIES
    ]
    for gene in range(2):
        assert min(np.abs(fit[:, gene] - found[:, gene]).max() for fit in fits) < 5e-3


def test_regressions_on_latents_do_not_depend_on_unit_rotation_and_parts(curved, monkeypatch):
    cells, _, new = curved
    found = genes_by_latents(cells, new)
    turn = 30.0 * np.array([[0.6, -0.8], [0.8, 0.6]], np.float32)
    turned = Dissociated(0, cells.latent @ turn, cells.known, cells.genes, cells.zero)
    np.testing.assert_allclose(genes_by_latents(turned, new @ turn), found, atol=2e-3)
    monkeypatch.setattr(gene_regression, "ROWS_AT_A_TIME", 7)
    np.testing.assert_allclose(genes_by_latents(cells, new), found, atol=1e-4)


def test_latents_that_are_all_alike_give_the_mean(curved):
    cells, genes, new = curved
    alike = Dissociated(0, np.zeros_like(cells.latent), cells.known, cells.genes, cells.zero)
    found = genes_by_latents(alike, np.zeros_like(new))
    np.testing.assert_allclose(found, np.tile(genes.mean(axis=0), (50, 1)), atol=1e-4)
