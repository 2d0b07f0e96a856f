"""Surfaces: a reference that is used without training a network. No test here may train one."""

import warnings

import numpy as np
import pytest
from sklearn.decomposition import PCA
from tests.conftest import log_normalized

from dpvae import metrics
from dpvae.cli.held_out import knn_coordinates
from dpvae.datasets import simulated_tissue
from dpvae.model import Surfaces, load

HIDDEN = slice(0, None, 5)


@pytest.fixture(scope="module")
def tissue():
    return log_normalized(simulated_tissue(500, 80, seed=1))


@pytest.fixture(scope="module")
def hidden(tissue):
    is_hidden = np.zeros(tissue.n_obs, dtype=bool)
    is_hidden[HIDDEN] = True
    return is_hidden


@pytest.fixture(scope="module")
def model(tissue, hidden):
    reference = tissue[~hidden].copy()
    Surfaces.setup_anndata(reference)
    model = Surfaces(reference, n_latent=20)
    model.train()
    return model


@pytest.mark.slow
def test_hidden_cells_are_placed_better_than_by_neighbors(model, tissue, hidden):
    query, true = tissue[hidden].copy(), tissue.obsm["spatial"]
    del query.obsm["spatial"]
    genes = tissue.X.toarray()
    simple = knn_coordinates(genes[~hidden], true[~hidden], genes[hidden])
    ours, theirs = (
        metrics.score_places(true[hidden], places, ["procrustes_disparity"])["procrustes_disparity"]
        for places in (model.predict_coordinates(query), simple)
    )
    assert ours < 0.9 * theirs
    found = model.predict_posterior(query)
    assert 0.8 < found.in_region(true[hidden], 0.9).mean() < 0.97
    assert found.region_size(0.9).mean() < 0.5


@pytest.mark.slow
def test_latents_are_principal_components_of_weighted_genes(model):
    reference = model.adata
    seen = model.module.encoder_input
    genes = reference.X.toarray() * seen.factor
    pca = PCA(20, svd_solver="full").fit(genes)
    expected = np.abs(pca.transform(genes)[:, :3])
    found = np.abs(model.get_latent_representation()[:, :3])
    np.testing.assert_allclose(found, expected, rtol=0.1, atol=0.1)


@pytest.mark.slow
def test_arguments_of_steps_have_no_effect(model, tissue, hidden):
    reference = tissue[~hidden].copy()
    Surfaces.setup_anndata(reference)
    again = Surfaces(reference, n_latent=20)
    again.train(max_epochs=3, batch_size=16)
    query = tissue[hidden].copy()
    np.testing.assert_allclose(again.predict_coordinates(query), model.predict_coordinates(query))


def test_a_saved_model_places_and_tells_the_same(model, tissue, hidden, tmp_path):
    model.save(tmp_path / "model")
    loaded = load(tmp_path / "model")
    assert isinstance(loaded, Surfaces)
    query = tissue[hidden].copy()[:, ::-1].copy()
    np.testing.assert_allclose(loaded.predict_coordinates(query), model.predict_coordinates(query))
    before, after = (each.predict_posterior(query) for each in (model, loaded))
    np.testing.assert_array_equal(after.probabilities.toarray(), before.probabilities.toarray())


def test_a_model_that_was_not_fitted_says_so(tissue):
    Surfaces.setup_anndata(tissue)
    with pytest.raises(RuntimeError, match="The model is not trained"):
        Surfaces(tissue).predict_coordinates()


def test_a_number_of_components_must_be_possible(tissue):
    Surfaces.setup_anndata(tissue)
    with pytest.raises(ValueError, match="n_latent is 0: give a whole number"):
        Surfaces(tissue, n_latent=0)


@pytest.mark.slow
def test_few_of_a_small_references_own_cells_are_unlike_it():
    tissue = log_normalized(simulated_tissue(450, 100, seed=0))
    reference, query = tissue[:360].copy(), tissue[360:].copy()
    Surfaces.setup_anndata(reference)
    model = Surfaces(reference)
    model.train()
    assert (model.predict_posterior(query).unlikeness > 1.0).mean() < 0.2  # 0.1 is meant


@pytest.mark.slow
def test_a_reference_of_more_genes_than_cells_knows_what_is_unlike_it():
    tissue = log_normalized(simulated_tissue(400, 600, seed=0))
    reference, query = tissue[:200].copy(), tissue[200:].copy()
    Surfaces.setup_anndata(reference)
    model = Surfaces(reference)
    model.train()
    other = query.copy()
    order = np.random.default_rng(0).permutation(600)
    other.X = query.X[:, order]
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        found = model.predict_posterior(other)
    assert any("farther from what is expected anywhere" in str(w.message) for w in warned)
    assert (found.unlikeness > 1.0).mean() > 0.9
    assert 0.02 < (model.predict_posterior(query).unlikeness > 1.0).mean() < 0.25  # 0.1 is meant
    own = model.predict_posterior(reference[50:120].copy())
    assert (own.unlikeness > 1.0).mean() < 0.2
