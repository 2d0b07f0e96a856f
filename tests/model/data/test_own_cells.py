"""A model's own cells are looked at again whenever it meets them."""

import copy
import pickle
import warnings

import numpy as np
import pytest
import scvi
from tests.conftest import QUICK, QUIET, seed_everything

from dpvae.model import DPSCVI, DPVAE

pytestmark = pytest.mark.trains


@pytest.fixture(params=[DPVAE, DPSCVI])
def own(request, expression, counts):
    """A model that was not trained, and its cells: three sections in one frame."""
    cells = expression if request.param is DPVAE else counts
    cells.obs["slide"] = np.repeat(["a", "b", "c"], 80)
    request.param.setup_anndata(cells, sample_key="slide")
    return request.param, cells


@pytest.fixture(params=[DPVAE, DPSCVI])
def trained_model(request, trained, trained_counts, expression, counts):
    is_dpvae = request.param is DPVAE
    cells = (expression if is_dpvae else counts)[:180].copy()
    return request.param.load(trained if is_dpvae else trained_counts, adata=cells), cells


def reorder(cells):
    cells._inplace_subset_var(cells.var_names[::-1])


def lose_a_gene(cells):
    cells._inplace_subset_var(cells.var_names[1:])


def rename(cells):
    cells.var_names = [name.upper() for name in cells.var_names]


def lose_cells(cells):
    cells._inplace_subset_obs(np.arange(200))


def to_millimeters(cells):
    cells.obsm["spatial"] = cells.obsm["spatial"] / 1000


def turn(cells):
    cells.obsm["spatial"] = cells.obsm["spatial"][:, ::-1].copy()


def forget_a_place(cells):
    cells.obsm["spatial"] = cells.obsm["spatial"].copy()
    cells.obsm["spatial"][0] = np.nan


def rename_sections(cells):
    cells.obs["slide"] = np.tile(["a", "b", "c"], 80)


def center(cells):
    values = cells.X.toarray()
    cells.X = values - values.mean(axis=0)


CHANGES = {
    reorder: "order of the genes",
    lose_a_gene: r"number of genes of adata has changed \(40 then, 39 now\)",
    rename: "names of the genes",
    lose_cells: r"number of cells of adata has changed \(240 then, 200 now\)",
    to_millimeters: r"obsm\['spatial'\] has changed \(spread",
    turn: r"obsm\['spatial'\] has changed",
    forget_a_place: r"obsm\['spatial'\] has changed",
    rename_sections: r"obs\['slide'\], which names the sections, has changed",
    center: r"adata.X holds scaled values .* but the model was set up with",
}


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_what_has_changed_since_setup_is_refused_when_a_model_is_made(own, change):
    model_class, cells = own
    change(cells)
    with pytest.raises(ValueError, match=CHANGES[change]):
        model_class(cells, **QUICK)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_what_has_changed_since_setup_is_refused_when_a_model_is_trained(own, change):
    model_class, cells = own
    model = model_class(cells, **QUICK)
    change(cells)
    with pytest.raises(ValueError, match=CHANGES[change]):
        model.train(max_epochs=1, **QUIET)
    assert not model.is_trained_


def test_a_shift_of_the_tissue_is_read_again(own):
    model_class, cells = own
    cells.obsm["spatial"] = cells.obsm["spatial"] + [1e4, -5e3]
    model = model_class(cells, **QUICK)
    model.train(max_epochs=1, **QUIET)
    away = model.predict_coordinates().mean(axis=0) - cells.obsm["spatial"].mean(axis=0)
    assert np.abs(away).max() < cells.obsm["spatial"].std()


def test_rounding_of_places_far_from_the_origin_is_no_change(expression):
    expression.obsm["spatial"] = expression.obsm["spatial"] / 5000.0 + 1e9
    DPVAE.setup_anndata(expression)
    model = DPVAE(expression, **QUICK)
    expression.obsm["spatial"][0] += 1e-3
    with pytest.raises(ValueError, match="has changed"):
        model.train(max_epochs=1, **QUIET)
    expression.obsm["spatial"][0] -= 1e-3
    model.train(max_epochs=1, **QUIET)
    assert np.abs(model.predict_coordinates() - 1e9).max() < 10.0


def test_genes_in_another_order_are_matched_by_name(trained_model):
    model, cells = trained_model
    latent, places = model.get_latent_representation(), model.predict_coordinates()
    reorder(cells)
    np.testing.assert_allclose(model.get_latent_representation(), latent, atol=1e-5)
    np.testing.assert_allclose(model.predict_coordinates(), places, rtol=1e-4)
    np.testing.assert_allclose(model.predict_coordinates(cells), places, rtol=1e-4)


@pytest.mark.parametrize("method", ["predict_coordinates", "get_latent_representation"])
def test_values_of_another_kind_are_refused(trained_model, counts, method):
    model, cells = trained_model
    cells.X = counts[:180].X.copy() if isinstance(model, DPVAE) else np.log1p(cells.X.toarray())
    with pytest.raises(ValueError, match=r"adata.X holds (raw counts|log-normalised values), but"):
        getattr(model, method)()


def test_a_query_that_was_scaled_is_refused_where_the_reference_was_not(trained, expression):
    query = expression[180:].copy()
    center(query)
    with pytest.raises(ValueError, match=r"query.X holds scaled values .* log-normalised values"):
        DPVAE.load(trained).predict_coordinates(query)


def test_cells_that_were_moved_are_not_placed_in_the_old_frame_unasked(trained_model):
    model, cells = trained_model
    places = model.predict_coordinates()
    to_millimeters(cells)
    for call in (model.predict_coordinates, lambda: model.predict_coordinates(anchors=None)):
        with pytest.raises(ValueError, match=r"obsm\['spatial'\] has changed .*adata.copy\(\)"):
            call()
    np.testing.assert_allclose(model.predict_coordinates(cells.copy()), places, rtol=1e-4)
    assert model.get_latent_representation().shape == (180, 10)


def test_a_second_setup_of_the_same_cells_does_not_move_the_first(trained_model):
    model, cells = trained_model
    places = model.predict_coordinates()
    cells.obsm["folded"] = np.abs(cells.obsm["spatial"])
    type(model).setup_anndata(cells, spatial_key="folded")
    np.testing.assert_allclose(model.predict_coordinates(), places, rtol=1e-6)


def minified(model):
    mean, variance = model.get_latent_representation(return_dist=True)
    model.adata.obsm["X_latent_qzm"], model.adata.obsm["X_latent_qzv"] = mean, variance
    model.minify_adata()
    return model.adata


@pytest.mark.parametrize("form", ["itself", "copy", "subset"])
def test_cells_that_another_model_minified_are_refused(trained_model, form):
    model, cells = trained_model
    other = copy.deepcopy(model)
    theirs = minified(other)
    given = {"itself": theirs, "copy": theirs.copy(), "subset": theirs[:20].copy()}[form]
    with pytest.raises(ValueError, match="latents of another model"):
        model.predict_coordinates(given)
    with pytest.raises(ValueError, match="latents of another model"):
        model.get_latent_representation(given)
    assert cells.n_obs == 180


COPIES = {
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "pickle twice": lambda model: pickle.loads(pickle.dumps(copy.deepcopy(model))),
}


@pytest.mark.parametrize("how", COPIES)
def test_a_copied_model_works_like_the_original(trained_model, expression, counts, how):
    model, cells = trained_model
    query = (expression if isinstance(model, DPVAE) else counts)[180:].copy()
    places, own_places = model.predict_coordinates(query), model.predict_coordinates()
    duplicate = COPIES[how](model)
    for one in (duplicate, model):  # in turns: what one registers is not the other's
        np.testing.assert_array_equal(one.predict_coordinates(query), places)
        np.testing.assert_array_equal(one.predict_coordinates(), own_places)
    if how != "copy":
        assert duplicate.adata is not cells
    seed_everything()
    duplicate.train(max_epochs=1, **QUIET)
    assert duplicate.id != model.id
    assert scvi.settings.seed == 0


def test_a_copied_model_without_cells_places_queries(trained, expression):
    model = DPVAE.load(trained)
    with warnings.catch_warnings(action="error"):
        duplicate = pickle.loads(pickle.dumps(model))
    query = expression[180:].copy()
    np.testing.assert_array_equal(
        duplicate.predict_coordinates(query), model.predict_coordinates(query)
    )
