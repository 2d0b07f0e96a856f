import numpy as np
import pytest
from tests.conftest import QUIET, seed_everything

import dpvae
from dpvae.model import DPSCVI, DPVAE


@pytest.fixture(params=[DPVAE, DPSCVI])
def model(request, trained, trained_counts, expression, counts):
    """A trained model with the whole cells that it was trained on."""
    is_dpvae = request.param is DPVAE
    cells = (expression if is_dpvae else counts)[:180].copy()
    return request.param.load(trained if is_dpvae else trained_counts, adata=cells)


@pytest.fixture
def query(model, expression, counts):
    cells = (expression if isinstance(model, DPVAE) else counts)[180:]
    query = cells[:, ::-1].copy()
    del query.obsm["spatial"]
    return query


def minify(model):
    mean, variance = model.get_latent_representation(return_dist=True)
    model.adata.obsm["X_latent_qzm"], model.adata.obsm["X_latent_qzv"] = mean, variance
    model.minify_adata()


def test_queries_of_a_minified_reference_are_placed_as_before(model, query, tmp_path):
    latent, places = model.get_latent_representation(query), model.predict_coordinates(query)
    own = model.get_latent_representation()
    minify(model)
    model.save(tmp_path / "model", save_anndata=True)
    for minified in (model, dpvae.model.load(tmp_path / "model")):
        np.testing.assert_allclose(minified.get_latent_representation(query), latent, atol=1e-5)
        np.testing.assert_allclose(minified.predict_coordinates(query), places, rtol=1e-4)
        np.testing.assert_allclose(minified.get_latent_representation(), own, atol=1e-5)


def test_a_minified_reference_says_that_its_own_places_are_those_of_latents_alone(model):
    minify(model)
    with pytest.warns(UserWarning, match="places come from the latents alone"):
        model.predict_coordinates()


def test_training_on_minified_data_is_refused(model):
    minify(model)
    before = model.module.distance_term.log_scale.item()
    with pytest.raises(ValueError, match="The data of the model are minified"):
        model.train(max_epochs=1, **QUIET)
    assert model.module.distance_term.log_scale.item() == before


def test_a_query_model_of_a_minified_reference_is_that_of_the_whole_one(model, query):
    query = query[:, model.get_var_names()].copy()
    places = []
    for change in (lambda _: None, minify):
        change(model)
        seed_everything()
        updated = type(model).load_query_data(query.copy(), model)
        updated.train(max_epochs=2, **QUIET)
        places.append(updated.predict_coordinates())
    np.testing.assert_allclose(places[1], places[0], rtol=1e-4)
