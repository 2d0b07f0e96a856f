import numpy as np
import pytest
from scipy.sparse import csr_matrix

from dpvae.model.data.gene_weights import spatial_gene_weights
from dpvae.pp.spatial_variability import logarithms, spatial_variability


def tissue(n_cells=300, seed=0):
    """Genes that follow the first coordinate, with more and more noise, and deviations 1 to 8."""
    rng = np.random.default_rng(seed)
    places = rng.uniform(size=(n_cells, 2))
    pattern = (places[:, 0] - places[:, 0].mean()) / places[:, 0].std()
    shares = np.array([1.0, 0.6, 0.3, 0.0, 0.0, 0.0, 0.0, 0.0])
    noise = rng.normal(size=(n_cells, 8))
    genes = np.sqrt(shares) * pattern[:, None] + np.sqrt(1 - shares) * noise
    return genes / genes.std(axis=0) * np.arange(1, 9), places, np.zeros(n_cells, dtype="<U1")


def morans_i(gene, places):
    """Moran's I over six nearest neighbours, pair by pair."""
    centered, total = gene - gene.mean(), 0.0
    for i in range(len(gene)):
        distance = np.linalg.norm(places - places[i], axis=1)
        for j in np.argsort(distance)[1:7]:
            total += centered[i] * centered[j]
    return total / 6 / (centered**2).sum()


def test_the_score_is_deviation_times_morans_i():
    genes, places, section = tissue()
    found = spatial_variability(genes, places, section, None)
    statistic = np.array([morans_i(gene, places) for gene in genes.T]) + 1 / 299
    expected = genes.std(axis=0) * (np.maximum(statistic, 0) + 0.01)
    np.testing.assert_allclose(found[:3], expected[:3], rtol=0.02)  # hardly any shrinkage
    assert found[3:].max() < 0.25 * found[:3].min()


def test_a_gene_scores_what_it_weighs_in_the_models():
    genes, places, section = tissue()
    places[250:] = np.nan
    found = spatial_variability(genes[:250], places[:250], section[:250], None)
    weight = spatial_gene_weights(genes[:250], places[:250], np.zeros(250, dtype=int)).numpy()
    np.testing.assert_allclose(found / np.sqrt((found**2).mean()), weight, rtol=1e-9)


@pytest.mark.parametrize("n_known", [3, 9])
def test_with_hardly_any_known_places_genes_count_by_how_much_they_vary(n_known):
    genes, places, section = tissue()
    places[n_known:] = np.nan
    found = spatial_variability(genes, places, section, None)
    np.testing.assert_allclose(found, 0.01 * genes.std(axis=0))


def test_chance_patterns_of_few_cells_hardly_count():
    rng = np.random.default_rng(0)
    noise, places = rng.normal(size=(20, 500)), rng.uniform(size=(20, 2))
    found = spatial_variability(noise, places, np.zeros(20, dtype="<U1"), None)
    found /= noise.std(axis=0)
    assert found.std() < 0.5 * found.mean()


def test_deviations_are_those_of_all_cells_where_few_places_are_known():
    genes, places, section = tissue()
    places[60:] = np.nan
    found = spatial_variability(genes, places, section, None)
    genes[60:, 0] *= 3
    changed = spatial_variability(genes, places, section, None)
    assert changed[0] > 1.5 * found[0]
    np.testing.assert_allclose(changed[1:], found[1:])


def test_a_gene_that_does_not_vary_scores_nothing():
    genes, places, section = tissue()
    genes[:, 4] = 2.5
    found = spatial_variability(genes, places, section, None)
    assert found[4] == pytest.approx(0, abs=1e-9)
    assert np.isfinite(found).all()


def test_of_a_large_section_random_cells_are_enough(monkeypatch):
    genes, places, section = tissue(n_cells=2000)
    expected = spatial_variability(genes, places, section, None)
    places[:100] = np.nan
    monkeypatch.setattr("dpvae.pp.spatial_variability.MOST_CELLS", 1000)
    found = spatial_variability(genes, places, section, None)
    np.testing.assert_allclose(found[:3], expected[:3], rtol=0.15)
    np.testing.assert_array_equal(found, spatial_variability(genes, places, section, None))


def test_logarithms_are_of_counts_at_one_depth():
    counts = csr_matrix([[1, 0, 3], [0, 0, 0], [4, 4, 0]])
    expected = np.log1p([[0.5, 0, 1.5], [0, 0, 0], [1, 1, 0]])
    np.testing.assert_allclose(logarithms(counts, 2.0).toarray(), expected)
    np.testing.assert_allclose(logarithms(counts, None).toarray(), counts.toarray())
