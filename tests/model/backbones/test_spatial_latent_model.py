"""Latents that follow the tissue: the same for every way in which they are asked for."""

import pickle
from copy import deepcopy

import anndata
import numpy as np
import pytest
import torch
from tests.conftest import QUIET, quick_options, seed_everything

import dpvae
from dpvae.datasets import simulated_tissue
from dpvae.model import SPAVAE

GIVEN = ("both", "expression", "place")
SECTIONS = ("b", "a")  # not in the order of their names
CLOSE = {"rtol": 1e-5, "atol": 2e-6}


def fit(cells, *, setup=None, max_epochs=30, **options):
    seed_everything()
    SPAVAE.setup_anndata(cells, **(setup or {}))
    model = SPAVAE(cells, **(quick_options(SPAVAE) | options))
    model.train(max_epochs=max_epochs, batch_size=32, **QUIET)
    return model


@pytest.fixture(scope="session")
def tissue():
    """Two sections of a reference, and two that it does not have."""
    cells = simulated_tissue(320, 30, n_sections=4, mean_depth=400.0, seed=0)
    names = np.array(["b", "a", "z", "y"])
    cells.obs["slide"] = names[cells.obs["section"].cat.codes]
    cells.obs["donor"] = np.where(np.arange(320) % 2, "one", "two")
    return cells


@pytest.fixture
def section(tissue):
    """One section, without a name."""
    cells = tissue[tissue.obs["slide"] == "a"].copy()
    del cells.obs["donor"]
    return cells


@pytest.fixture(scope="session")
def model(trains, tissue):  # noqa: ARG001
    reference = tissue[tissue.obs["slide"].isin(SECTIONS)].copy()
    return fit(reference, setup={"sample_key": "slide", "batch_key": "donor"})


@pytest.fixture
def of_known_sections(model):
    """A third of the cells of the reference, shuffled, with genes in another order."""
    rows = np.random.default_rng(0).permutation(model.adata.n_obs)[:50]
    return model.adata[rows].copy()[:, ::-1].copy(), rows


@pytest.fixture
def of_new_sections(tissue):
    return tissue[tissue.obs["slide"].isin(["z", "y"])].copy()


@pytest.mark.parametrize("given", GIVEN)
def test_a_query_of_cells_of_the_reference_gets_their_latents(model, of_known_sections, given):
    query, rows = of_known_sections
    expected = model.get_latent_representation(return_dist=True, given=given)
    found = model.get_latent_representation(query, return_dist=True, given=given)
    for part, whole in zip(found, expected, strict=True):
        np.testing.assert_allclose(part, whole[rows], **CLOSE)
    some = model.get_latent_representation(query, indices=[7, 3], given=given)
    np.testing.assert_allclose(some, expected[0][rows[[7, 3]]], **CLOSE)
    mask = np.arange(50) < 5
    some = model.get_latent_representation(query, indices=mask, given=given)
    np.testing.assert_allclose(some, expected[0][rows[:5]], **CLOSE)


@pytest.mark.parametrize("given", GIVEN)
def test_other_cells_of_a_query_do_not_matter(model, of_known_sections, of_new_sections, given):
    query, rows = of_known_sections
    expected = model.get_latent_representation(given=given)[rows]
    alone = model.get_latent_representation(query[3].copy(), given=given)
    np.testing.assert_allclose(alone, expected[[3]], **CLOSE)
    with_others = anndata.concat([of_new_sections, query])
    found = model.get_latent_representation(with_others, given=given)
    np.testing.assert_allclose(found[of_new_sections.n_obs :], expected, **CLOSE)


@pytest.mark.parametrize("batch_size", [1, 7, 1_000])
def test_sizes_of_batches_do_not_matter(model, of_new_sections, batch_size):
    for cells in (None, of_new_sections):
        expected = model.get_latent_representation(cells)
        found = model.get_latent_representation(cells, batch_size=batch_size)
        np.testing.assert_allclose(found, expected, **CLOSE)


def test_chunks_of_cells_do_not_matter(model, of_new_sections, backed, monkeypatch):
    expected = model.get_latent_representation(of_new_sections, return_dist=True)
    monkeypatch.setattr("dpvae.model.query.chunks.CELLS_AT_A_TIME", 16)
    monkeypatch.setattr("dpvae.model.tissue.latent_surfaces.CELLS_AT_A_TIME", 11)
    on_disk = backed(of_new_sections[:, ::-1].copy())
    for cells in (of_new_sections, on_disk):
        found = model.get_latent_representation(cells, return_dist=True)
        for part, whole in zip(found, expected, strict=True):
            np.testing.assert_allclose(part, whole, **CLOSE)


def test_new_sections_do_not_depend_on_order_name_frame_or_company(model, of_new_sections):
    expected = model.get_latent_representation(of_new_sections)
    order = np.random.default_rng(1).permutation(of_new_sections.n_obs)
    found = model.get_latent_representation(of_new_sections[order].copy())
    np.testing.assert_allclose(found, expected[order], **CLOSE)
    is_z = (of_new_sections.obs["slide"] == "z").to_numpy()
    alone = of_new_sections[is_z].copy()
    alone.obs["slide"] = "c"
    alone.obsm["spatial"] = alone.obsm["spatial"] + 1e5
    found = model.get_latent_representation(alone)
    np.testing.assert_allclose(found, expected[is_z], **CLOSE)


def test_a_section_of_the_reference_gets_the_same_if_it_is_new(model):
    for name in SECTIONS:
        mine = (model.adata.obs["slide"] == name).to_numpy()
        copy = model.adata[mine].copy()
        copy.obs["slide"] = "copy"
        for given in GIVEN:
            expected = model.get_latent_representation(given=given)[mine]
            found = model.get_latent_representation(copy, given=given)
            np.testing.assert_allclose(found, expected, **CLOSE)


def test_cells_without_a_place_are_encoded_by_expression(model, of_known_sections):
    query, _ = of_known_sections
    by_expression = model.get_latent_representation(query, given="expression")
    both = model.get_latent_representation(query)
    assert np.abs(both - by_expression).max() > 1e-2
    query.obsm["spatial"] = query.obsm["spatial"].copy()
    query.obsm["spatial"][::2] = np.nan
    found = model.get_latent_representation(query)
    np.testing.assert_allclose(found[::2], by_expression[::2], **CLOSE)
    np.testing.assert_allclose(found[1::2], both[1::2], **CLOSE)
    del query.obsm["spatial"]
    np.testing.assert_allclose(model.get_latent_representation(query), by_expression, **CLOSE)
    np.testing.assert_array_equal(model.get_latent_representation(query, given="place"), 0.0)


def test_cells_far_outside_of_their_section_are_said_to_be(model, of_known_sections):
    query, _ = of_known_sections
    expected = model.get_latent_representation(query, given="expression")
    query.obsm["spatial"] = query.obsm["spatial"] + 1e6
    with pytest.warns(UserWarning, match="50 of 50 cells are far outside of the section"):
        found = model.get_latent_representation(query)
    np.testing.assert_allclose(found, expected, **CLOSE)


METHODS = {
    "get_normalized_expression": lambda m, c: m.get_normalized_expression(c),
    "get_elbo": lambda m, c: m.get_elbo(c),
    "get_reconstruction_error": lambda m, c: m.get_reconstruction_error(c),
    "get_marginal_ll": lambda m, c: m.get_marginal_ll(c, n_mc_samples=2, n_mc_samples_per_pass=1),
    "posterior_predictive_sample": lambda m, c: m.posterior_predictive_sample(c),
    "differential_expression": lambda m, c: m.differential_expression(
        c, "donor", group1="one", silent=True
    ),
}


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::RuntimeWarning")
@pytest.mark.parametrize("cells", ["reference", "known", "new", "both", "unnamed"])
@pytest.mark.parametrize("method", METHODS)
def test_all_methods_see_the_same_latents(
    model, of_known_sections, of_new_sections, cells, method, monkeypatch
):
    known, _ = of_known_sections
    unnamed = of_new_sections[of_new_sections.obs["slide"] == "y"].copy()
    del unnamed.obs["slide"]
    query = {
        "reference": None,
        "known": known,
        "new": of_new_sections,
        "both": anndata.concat([of_new_sections, known]),
        "unnamed": unnamed,
    }[cells]
    expected = model.get_latent_representation(query)
    model.get_latent_representation(of_new_sections[:60].copy())  # what was asked before
    seen = []
    join = SPAVAE._module_cls._with_places

    def noted(self, site, places, section, n_samples):
        outputs = join(self, site, places, section, n_samples)
        seen.append((torch.isnan(places[:, 0]).numpy(), outputs["qz"].loc.numpy()))
        return outputs

    monkeypatch.setattr(SPAVAE._module_cls, "_with_places", noted)
    METHODS[method](model, query)
    means = np.concatenate([mean[~unknown] for unknown, mean in seen])
    assert len(means) >= (20 if method == "differential_expression" else len(expected))
    for mean in means[:: 1 + len(means) // 100]:
        assert np.abs(expected - mean).max(axis=1).min() < 1e-4


COPIES = {
    "pickle": lambda model, _: pickle.loads(pickle.dumps(model)),
    "deepcopy": lambda model, _: deepcopy(model),
    "save and load": lambda model, path: saved(model, path),
}


def saved(model, path):
    model.save(path)
    return dpvae.model.load(path)


@pytest.mark.parametrize("through", COPIES)
def test_copies_give_the_same(model, of_new_sections, tmp_path, through):
    own = model.adata.copy()
    expected = [model.get_latent_representation(cells) for cells in (None, of_new_sections)]
    copy = COPIES[through](model, tmp_path / "model")
    for cells, latent in zip((own, of_new_sections), expected, strict=True):
        np.testing.assert_array_equal(copy.get_latent_representation(cells), latent)
    np.testing.assert_array_equal(
        copy.predict_expression(spacing=500.0, section="a").X,
        model.predict_expression(spacing=500.0, section="a").X,
    )


@pytest.mark.trains
def test_minified_cells_get_the_same(section, tmp_path):
    model = fit(section, max_epochs=3)
    expected = {given: model.get_latent_representation(given=given) for given in GIVEN}
    predicted = model.predict_expression(spacing=500.0).X
    keys = set(model.adata.obsm)
    model.minify_adata()
    assert model.adata.X.nnz == 0
    assert set(model.adata.obsm) - keys == {"dpvae_latent_qzm", "dpvae_latent_qzv"}
    model.save(tmp_path / "model", save_anndata=True)
    for found in (model, dpvae.model.load(tmp_path / "model")):
        for given, latent in expected.items():
            np.testing.assert_allclose(
                found.get_latent_representation(given=given), latent, rtol=1e-4, atol=1e-5
            )
        np.testing.assert_array_equal(found.predict_expression(spacing=500.0).X, predicted)
        assert np.isfinite(found.get_normalized_expression().to_numpy()).all()


@pytest.mark.trains
def test_a_resumed_training_gives_the_same(section, tmp_path):
    latents = []
    for is_resumed in (False, True):
        cells = section.copy()
        seed_everything()
        SPAVAE.setup_anndata(cells)
        model = SPAVAE(cells, **quick_options(SPAVAE), kl_target=0.1)
        path = tmp_path / "state.ckpt"
        training = {"max_epochs": 6, "batch_size": 32, **QUIET}
        if is_resumed:
            model.train(**training, resume_from=path)
        else:
            model.train(**training, checkpoint=path, checkpoint_every=4)
        latents.append(model.get_latent_representation())
    np.testing.assert_allclose(*latents, rtol=1e-5, atol=1e-6)


@pytest.mark.trains
def test_offset_and_order_of_the_reference_do_not_matter_to_latents_by_name(section):
    far = section.copy()
    far.obsm["spatial"] = far.obsm["spatial"] + 1e7
    near, shifted = fit(section, max_epochs=3), fit(far, max_epochs=3)
    np.testing.assert_allclose(
        shifted.get_latent_representation(), near.get_latent_representation(), rtol=1e-3, atol=1e-3
    )
    query = far[::3, ::-1].copy()
    np.testing.assert_allclose(
        shifted.get_latent_representation(query),
        shifted.get_latent_representation()[::3],
        rtol=1e-4,
        atol=1e-5,
    )


@pytest.mark.trains
@pytest.mark.parametrize("places", ["none", "a part", "all"])
def test_a_query_model_keeps_or_renews_the_surfaces(model, tissue, places):
    """Frames and surfaces belong together, whatever part of a section a query shows."""
    own = tissue[tissue.obs["slide"] == "a"].copy()
    if places == "a part":
        own = own[own.obsm["spatial"][:, 0] < np.median(own.obsm["spatial"][:, 0])].copy()
    truth = own.obsm["spatial"]
    expected = model.get_latent_representation(own)
    by_place = model.predict_expression(truth, section="a").X
    query = own.copy()
    if places == "none":
        query.obsm["spatial"] = np.full_like(truth, np.nan)
    adapted = SPAVAE.load_query_data(query, model)
    adapted.train(max_epochs=1, plan_kwargs={"lr": 1e-9}, **QUIET)
    found = adapted.get_latent_representation(own.copy())
    tolerance = 1e-3 if places == "none" else 0.3 * expected.std()
    assert np.abs(found - expected).mean() < tolerance
    again = adapted.predict_expression(truth, section="a").X
    assert np.abs(again / by_place - 1).mean() < (0.01 if places == "none" else 0.3)


@pytest.mark.trains
def test_surfaces_reach_as_far_as_the_cells_of_a_query_model(section):
    x = section.obsm["spatial"][:, 0]
    model = fit(section[x < np.median(x)].copy(), max_epochs=3)
    adapted = SPAVAE.load_query_data(section.copy(), model)
    adapted.train(max_epochs=2, **QUIET)
    positions = section.obsm["spatial"]
    assert (adapted.predict_expression(positions).layers["deviation"] > 0).all()  # and no warning
    latent = adapted.get_latent_representation()
    found = adapted.get_latent_representation(section[::2].copy())
    np.testing.assert_allclose(found, latent[::2], **CLOSE)
    loader = adapted._make_data_loader(adata=adapted.adata)
    seen = adapted.get_latent_representation(dataloader=loader)
    np.testing.assert_allclose(seen, latent, rtol=1e-4, atol=1e-5)


@pytest.mark.trains
def test_a_query_model_of_a_new_section_has_its_surfaces(model, tissue):
    query = tissue[tissue.obs["slide"] == "z"].copy()
    expected = model.get_latent_representation(query)
    adapted = SPAVAE.load_query_data(query.copy(), model)
    adapted.train(max_epochs=1, plan_kwargs={"lr": 1e-9}, **QUIET)
    found = adapted.get_latent_representation(query.copy())
    assert np.abs(found - expected).mean() < 0.1 * expected.std()
    assert np.isfinite(adapted.predict_expression(spacing=500.0, section="z").X).all()


@pytest.mark.trains
def test_sections_named_by_numbers_have_their_own_surfaces(tissue):
    cells = tissue[tissue.obs["slide"].isin(SECTIONS)].copy()
    cells.obs["slide"] = np.where(cells.obs["slide"] == "a", 2, 10)
    model = fit(cells, setup={"sample_key": "slide"}, max_epochs=3)
    expected = model.get_latent_representation()
    for name in (2, 10):
        mine = (cells.obs["slide"] == name).to_numpy()
        found = model.get_latent_representation(cells[mine].copy())
        np.testing.assert_allclose(found, expected[mine], **CLOSE)
        positions = cells.obsm["spatial"][mine]
        by_place = model.predict_expression(positions, section=name)
        assert set(by_place.obs["section"]) == {str(name)}
        loader = model._make_data_loader(adata=model.adata)
        seen = model.get_latent_representation(dataloader=loader)
        np.testing.assert_allclose(seen, expected, rtol=1e-4, atol=1e-5)


def test_the_elbo_is_that_of_cells_given_the_surfaces(model):
    """A naive sum over the normal distributions of all dimensions."""
    cells = model.adata[:40].copy()
    own, given = (
        model.get_latent_representation(cells, given=given, return_dist=True)
        for given in ("expression", "place")
    )
    prior = model.module.spatial_prior
    noise = np.ones(own[0].shape)
    noise[:, : prior.n_spatial] = 1.0 - prior.share.detach().numpy()
    surface_mean, surface_variance = given[0], given[1] - noise
    heights = surface_mean + np.sqrt(np.maximum(surface_variance, 0)) * np.random.default_rng(
        0
    ).normal(size=(2000, *noise.shape))
    precision = 1 / own[1] - 1 + 1 / noise
    mean = (own[0] / own[1] + heights / noise) / precision
    ratio = 1 / precision / noise
    divergence = 0.5 * (ratio - 1 - np.log(ratio) + (mean - heights) ** 2 / noise).sum(axis=-1)
    torch.manual_seed(0)
    elbo = np.asarray(model.get_elbo(cells, return_mean=False))
    torch.manual_seed(0)
    error = model.get_reconstruction_error(cells, return_mean=False)["reconstruction_loss"]
    np.testing.assert_allclose(-elbo - np.asarray(error), divergence.mean(axis=0), rtol=0.1)
