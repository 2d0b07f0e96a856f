import numpy as np
import pytest
from scipy.sparse import csr_matrix

from dpvae.model import DPSCVI, DPVAE
from dpvae.model.data.gene_weights import spatial_gene_weights, spatial_patterns

ONE_SECTION = np.zeros(300, dtype=int)


def tissue(seed=0):
    """Genes that follow the first coordinate, with more and more noise, all of variance 1."""
    rng = np.random.default_rng(seed)
    places = rng.uniform(size=(300, 2))
    pattern = (places[:, 0] - places[:, 0].mean()) / places[:, 0].std()
    shares = np.array([1.0, 0.6, 0.3, 0.0, 0.0, 0.0, 0.0, 0.0])
    genes = np.sqrt(shares) * pattern[:, None] + np.sqrt(1 - shares) * rng.normal(size=(300, 8))
    return genes / genes.std(axis=0), places


def morans_i(gene, places):
    """Moran's I over six nearest neighbours, pair by pair."""
    centered, total = gene - gene.mean(), 0.0
    for i in range(len(gene)):
        distance = np.linalg.norm(places - places[i], axis=1)
        for j in np.argsort(distance)[1:7]:
            total += centered[i] * centered[j]
    return len(gene) / (6 * len(gene)) * total / (centered**2).sum()


def test_weights_are_deviation_times_morans_i():
    genes, places = tissue()
    genes *= np.arange(1.0, 9.0)
    found = spatial_gene_weights(genes, places, ONE_SECTION).numpy()
    statistic = np.array([morans_i(gene, places) for gene in genes.T]) + 1 / 299
    expected = genes.std(axis=0) * (np.maximum(statistic, 0) + 0.01)
    assert np.mean(found**2) == pytest.approx(1)
    patterned = slice(0, 3)
    ratio = found[patterned] / expected[patterned]
    assert np.ptp(ratio) / ratio.mean() < 0.01  # many cells are shrunk little


@pytest.mark.parametrize("form", [np.asarray, csr_matrix])
def test_patterns_are_morans_i_whatever_the_unit_of_a_gene(form):
    genes, places = tissue()
    expected = [max(morans_i(gene, places) + 1 / 299, 0.0) for gene in genes.T]
    genes *= np.arange(1.0, 9.0)
    found = spatial_patterns(form(genes), places, ONE_SECTION)
    np.testing.assert_allclose(found, expected, atol=0.02)  # shrunk a little
    assert (found >= 0).all()


def test_patterns_are_means_over_sections_by_their_cells():
    genes, places = tissue()
    names = np.repeat(["a", "bb", "few"], [200, 91, 9])
    places[195:200] = np.nan
    known = [np.arange(195), np.arange(200, 291)]
    each = [spatial_patterns(genes[rows], places[rows], names[rows]) for rows in known]
    assert np.abs(each[0] - each[1]).max() > 0.01
    found = spatial_patterns(genes, places, names)
    np.testing.assert_allclose(found, np.average(each, axis=0, weights=[195, 91]))


@pytest.mark.parametrize("n_known", [0, 9])
def test_without_known_places_there_is_no_pattern(n_known):
    genes, places = tissue()
    places[n_known:] = np.nan
    np.testing.assert_array_equal(spatial_patterns(genes, places, ONE_SECTION), np.zeros(8))


@pytest.mark.parametrize("form", [np.asarray, csr_matrix])
def test_units_shifts_turns_and_storage_change_nothing(form):
    genes, places = tissue()
    expected = spatial_gene_weights(genes, places, ONE_SECTION)
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    found = spatial_gene_weights(form(7.0 * genes), 1e4 + 50 * places @ turn, ONE_SECTION)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_patterns_are_judged_within_sections():
    genes, places = tissue()
    section = np.arange(300) % 2
    moved = places + 100.0 * section[:, None]
    found = spatial_gene_weights(genes + 5.0 * section[:, None], moved, section)
    assert found[0] > 3 * found[3:].max()


@pytest.mark.parametrize("n_known", [0, 9])
def test_without_known_places_genes_count_by_how_much_they_vary(n_known):
    genes, places = tissue()
    genes *= np.arange(1.0, 9.0)
    places[n_known:] = np.nan
    found = spatial_gene_weights(genes, places, ONE_SECTION).numpy()
    np.testing.assert_allclose(found / found[0], genes.std(axis=0) / genes[:, 0].std(), rtol=1e-6)


def test_chance_patterns_of_few_cells_hardly_count():
    rng = np.random.default_rng(0)
    noise, places = rng.normal(size=(20, 500)), rng.uniform(size=(20, 2))
    found = spatial_gene_weights(noise, places, np.zeros(20, dtype=int)).numpy()
    found /= noise.std(axis=0)
    assert found.std() < 0.5 * found.mean()


def test_expression_of_cells_of_unknown_place_does_not_matter():
    genes, places = tissue()
    hidden = places.copy()
    hidden[200:] = np.nan
    found = spatial_gene_weights(genes, hidden, ONE_SECTION)
    changed = genes.copy()
    changed[200:, 3:] = genes[200:, 3:][::-1]  # same variance, other cells
    np.testing.assert_allclose(spatial_gene_weights(changed, hidden, ONE_SECTION), found)


@pytest.mark.trains
@pytest.mark.parametrize("model_class", [DPVAE, DPSCVI])
def test_models_weigh_what_the_encoder_sees_and_keep_the_weights(
    model_class, expression, counts, tmp_path
):
    reference = (expression if model_class is DPVAE else counts)[:200].copy()
    model_class.setup_anndata(reference)
    model = model_class(reference, n_hidden=16, n_layers=1)
    weights = weights_of(model)
    assert weights.std() > 0.1
    assert weights_of(model_class(reference, n_hidden=16, gene_weights="equal")).std() == 0
    model.train(max_epochs=1, enable_progress_bar=False)
    model.save(tmp_path / "model")
    query = reference[:20].copy()
    del query.obsm["spatial"]
    loaded = model_class.load(tmp_path / "model")
    np.testing.assert_array_equal(weights_of(loaded), weights)
    adapted = model_class.load_query_data(query, model)
    np.testing.assert_array_equal(weights_of(adapted), weights)


def weights_of(model):
    return model.module.encoder_input.weight.numpy()


@pytest.mark.parametrize("model_class", [DPVAE, DPSCVI])
def test_unknown_weights_are_refused(model_class, expression, counts):
    adata = expression if model_class is DPVAE else counts
    model_class.setup_anndata(adata)
    with pytest.raises(ValueError, match="gene_weights is 'moran': choose 'spatial' or 'equal'"):
        model_class(adata, gene_weights="moran")
