import numpy as np
import pytest
from scipy.sparse import csr_matrix

from dpvae.metrics.shrunken_morans_i import shrunken_morans_i


def morans_i(gene, places):
    """Moran's I over six nearest neighbours, pair by pair, less its mean by chance."""
    centered, total = gene - gene.mean(), 0.0
    for i in range(len(gene)):
        distance = np.linalg.norm(places - places[i], axis=1)
        total += centered[i] * centered[np.argsort(distance)[1:7]].sum()
    return total / 6 / (centered**2).sum() + 1 / (len(gene) - 1)


def genes_and_places(n_cells, n_genes=40, seed=0):
    """Genes that follow the first coordinate, each more than the one before."""
    rng = np.random.default_rng(seed)
    places = rng.uniform(size=(n_cells, 2))
    shares = np.linspace(0, 1, n_genes)
    pattern = (places[:, 0] - 0.5) * np.sqrt(12)
    return shares * pattern[:, None] + rng.normal(size=(n_cells, n_genes)), places


@pytest.mark.slow
@pytest.mark.parametrize("form", [np.asarray, csr_matrix])
def test_of_many_cells_little_is_shrunken(form):
    genes, places = genes_and_places(600)
    expected = np.maximum([morans_i(gene, places) for gene in genes.T], 0)
    np.testing.assert_allclose(shrunken_morans_i(form(genes), places), expected, atol=0.03)


def test_all_genes_are_drawn_to_their_mean_by_the_same_share():
    genes, places = genes_and_places(30)
    raw = np.array([morans_i(gene, places) for gene in genes.T])
    found = shrunken_morans_i(genes, places)
    left = found > 0
    share = (found - raw.mean())[left] / (raw - raw.mean())[left]
    np.testing.assert_allclose(share, share[0])
    assert 0 < share[0] < 0.9


def test_patterns_by_chance_are_no_patterns():
    rng = np.random.default_rng(0)
    found = shrunken_morans_i(rng.normal(size=(20, 500)), rng.uniform(size=(20, 2)))
    assert found.std() < 0.03


def test_genes_that_do_not_vary_have_no_pattern_and_no_warning():
    genes, places = genes_and_places(200)
    genes[:, :3] = 1.0
    found = shrunken_morans_i(genes, places)
    assert (found[:3] < 0.05).all()
    assert (shrunken_morans_i(np.ones((20, 4)), places[:20]) == 0).all()
