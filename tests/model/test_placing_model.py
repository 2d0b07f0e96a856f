"""Places and probabilities of positions, for every model of the table."""

import signal
from dataclasses import replace

import numpy as np
import pytest
from lightning.pytorch import Callback
from tests.conftest import OF_ONE_REFERENCE, QUIET, log_normalized, quick_options, seed_everything

import dpvae
from dpvae._models import MODELS
from dpvae.datasets import simulated_tissue
from dpvae.model import DPVAE

N_KNOWN = 180


@pytest.fixture(params=OF_ONE_REFERENCE)
def kind(request):
    return request.param


@pytest.fixture
def model_class(kind):
    return MODELS[kind].load()


@pytest.fixture
def cells(model_class, counts, expression):
    return counts if model_class.values.are_counts else expression


@pytest.fixture
def model(kind, trained_kind):
    return dpvae.model.load(trained_kind(kind))


@pytest.fixture
def query(cells):
    """The 60 cells that the models of the fixtures have not seen, without coordinates."""
    query = cells[N_KNOWN:].copy()
    del query.obsm["spatial"]
    return query


def fit(adata, model_class=DPVAE, *, setup=None, max_epochs=2, options=None, **training):
    seed_everything()
    model_class.setup_anndata(adata, **(setup or {}))
    model = model_class(adata, **(quick_options(model_class) | (options or {})))
    model.train(**(QUIET | {"max_epochs": max_epochs, "batch_size": 32} | training))
    return model


def assert_same(found, expected, atol=1e-6):
    np.testing.assert_array_equal(found.positions, expected.positions)
    np.testing.assert_array_equal(found.reference_rows, expected.reference_rows)
    np.testing.assert_allclose(
        found.probabilities.toarray(), expected.probabilities.toarray(), atol=atol
    )
    np.testing.assert_allclose(found.unlikeness, expected.unlikeness, rtol=1e-4)


def test_hidden_cells_are_in_their_regions_which_are_small(model, query, cells):
    truth = cells.obsm["spatial"][N_KNOWN:]
    found = model.predict_posterior(query)
    assert 0.8 <= found.in_region(truth, 0.9).mean() <= 1.0
    assert 0.3 <= found.in_region(truth, 0.5).mean() <= 0.75
    assert np.median(found.region_size(0.9)) < 0.45
    factor = found.probability_at(truth) * len(found.positions)
    assert np.log(np.maximum(factor, 1e-3)).mean() > 0.7  # as if the tissue were half as large
    np.testing.assert_array_equal(
        cells.obsm["spatial"][:N_KNOWN][found.reference_rows], found.positions
    )


def test_query_is_left_alone(model, query):
    before = query.copy()
    model.predict_posterior(query, spacing=400.0)
    assert list(query.obs) == list(before.obs)
    assert list(query.obsm) == list(before.obsm)
    assert query.uns.keys() == before.uns.keys()
    np.testing.assert_array_equal(query.X.toarray(), before.X.toarray())


def test_order_and_company_of_cells_do_not_matter(model, query):
    together = model.predict_posterior(query)
    for rows in ([7, 3, 40], [5]):
        assert_same(model.predict_posterior(query[rows].copy()), together.of(rows))
        assert together.of(rows).cells.equals(query.obs_names[rows])
    assert_same(model.predict_posterior(query, batch_size=7), together)


def test_how_many_cells_are_treated_at_a_time_does_not_matter(model, query, monkeypatch):
    together = model.predict_posterior(query)
    monkeypatch.setattr("dpvae.model.atlas.gene_regression.MOST_CELLS_AT_A_TIME", 7)
    monkeypatch.setattr("dpvae.geometry.surfaces.likelihood.MOST_PROBABILITIES", 1_000)
    assert_same(model.predict_posterior(query), together)


def test_order_of_genes_does_not_matter(model, query):
    order = np.random.default_rng(0).permutation(query.n_vars)
    found = model.predict_posterior(query[:, order].copy())
    assert_same(found, model.predict_posterior(query), atol=0)


def test_so_it_is_on_disk(model, query, backed, monkeypatch):
    expected = model.predict_posterior(query)
    monkeypatch.setattr("dpvae.model.query.chunks.CELLS_AT_A_TIME", 16)
    monkeypatch.setattr("dpvae.model.atlas.gene_regression.MOST_CELLS_AT_A_TIME", 11)
    assert_same(model.predict_posterior(backed(query)), expected)


def test_a_saved_and_loaded_model_gives_the_same_to_the_bit(model, query, tmp_path):
    expected = model.predict_posterior(query, spacing=300.0)
    model.save(tmp_path / "model")
    found = dpvae.model.load(tmp_path / "model").predict_posterior(query, spacing=300.0)
    assert_same(found, expected, atol=0)
    np.testing.assert_array_equal(found.mean(), expected.mean())


def test_the_method_posterior_gives_its_mean_and_the_default_lies_between(model, query):
    by_posterior, read, default = (
        model.predict_coordinates(query, method=method)
        for method in ("posterior", "latents and genes", "all")
    )
    np.testing.assert_array_equal(model.predict_coordinates(query), default)
    posterior = model.predict_posterior(query)
    off = np.linalg.norm(posterior.mean() - by_posterior, axis=1)
    assert off.max() < 1e-3 * model.setup.unit  # probabilities without what is hardly possible
    share = 0.5 / posterior.unlikeness[:, None] ** 2
    np.testing.assert_allclose(default, read + share * (by_posterior - read), rtol=1e-5, atol=0.1)


@pytest.mark.filterwarnings("ignore:The query is unlike the reference")
def test_cells_from_elsewhere_are_said_to_be_and_get_wider_probabilities(model, query):
    usual = model.predict_posterior(query)
    foreign = query.copy()
    values = foreign.X.toarray()
    rng = np.random.default_rng(0)
    foreign.X = np.stack([rng.permutation(row) for row in values])
    with pytest.warns(UserWarning, match="farther from what is expected anywhere"):
        found = model.predict_posterior(foreign)
    few = model.predict_posterior(foreign[:19].copy())  # too few to say
    assert_same(few, found.of(np.arange(19)), atol=1e-5)
    assert (found.unlikeness > 1.0).mean() > 0.5
    assert np.median(found.unlikeness) > 1.2 * np.median(usual.unlikeness)
    assert found.of(found.unlikeness > 1.5).entropy.mean() > usual.entropy.mean()


def test_a_grid_is_finer_or_coarser_than_the_cells_and_says_the_same(model, query):
    measured = model.predict_posterior(query).mean()
    for spacing, fewest, most in ((500.0, 40, 90), (100.0, 1_000, 2_000)):
        found = model.predict_posterior(query, spacing=spacing)
        assert fewest < len(found.positions) < most
        away = np.linalg.norm(found.mean() - measured, axis=1)
        assert np.median(away) < 0.2 * model.setup.unit


@pytest.mark.parametrize("spacing", [0, -1.0, np.nan, np.inf, "10", True, [10.0], np.ones(2)])
def test_spacings_that_are_no_distance_are_refused(trained, expression, spacing):
    with pytest.raises(ValueError, match=r"spacing is .*: give a positive number, in the unit"):
        DPVAE.load(trained).predict_posterior(expression[N_KNOWN:].copy(), spacing=spacing)


def test_a_spacing_is_refused_with_one_that_works(trained, expression):
    model, query = DPVAE.load(trained), expression[N_KNOWN:].copy()
    with pytest.raises(ValueError, match="give a distance of at least 14") as error:
        model.predict_posterior(query, spacing=1e-3)
    assert "no more than 100000 positions" in str(error.value)
    assert len(model.predict_posterior(query[:1].copy(), spacing=13).positions) <= 100_000


def test_no_cells_are_refused(trained, expression):
    with pytest.raises(ValueError, match="The query has no cells"):
        DPVAE.load(trained).predict_posterior(expression[:0].copy())


def test_a_model_of_one_section_without_a_name_knows_no_section(trained, expression):
    with pytest.raises(ValueError, match=r"has no section '5': .* without a name; leave section"):
        DPVAE.load(trained).predict_posterior(expression[N_KNOWN:].copy(), section=5)


@pytest.mark.trains
def test_positions_are_cells_of_known_place(model_class, cells, query):
    reference = cells[:N_KNOWN].copy()
    reference.obsm["spatial"][::3] = np.nan
    found = fit(reference, model_class).predict_posterior(query)
    assert len(found.positions) == 120
    assert (found.reference_rows % 3 > 0).all()
    np.testing.assert_array_equal(reference.obsm["spatial"][found.reference_rows], found.positions)
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1.0, atol=1e-5)
    x = reference.obsm["spatial"][:, 0].copy()
    x[::3] = 1e9  # cells of unknown place do not count
    np.testing.assert_allclose(found.expected(x)[0], found.expected(found.positions)[0][:, 0])


@pytest.mark.trains
def test_positions_are_those_of_one_section_whose_name_is_asked_for(sections):
    reference = sections[::2].copy()
    names = reference.obs["section"].astype(str).to_numpy()
    model = fit(reference, setup={"sample_key": "section"})
    query = sections[1::2].copy()
    own = query.obs["section"].astype(str).to_numpy()
    del query.obsm["spatial"]
    kinds = sorted(set(names))
    with pytest.raises(ValueError, match=r"cells are of the sections \['section_1', .*one at a"):
        model.predict_posterior(query)
    with pytest.raises(ValueError, match=r"no section 'nowhere': it has \['section_1'"):
        model.predict_posterior(query, section="nowhere")
    whole = model.predict_posterior(query, section=kinds[1])
    assert set(names[whole.reference_rows]) == {kinds[1]}
    mine = np.flatnonzero(own == kinds[1])
    assert_same(model.predict_posterior(query[mine].copy()), whole.of(mine), atol=1e-5)
    new = query[mine].copy()
    new.obs["section"] = "unheard of"
    found = model.predict_posterior(new)
    assert len(set(names[found.reference_rows])) == 1


@pytest.mark.trains
def test_a_query_without_names_has_the_positions_of_the_most_similar_section(sections, caplog):
    names = sections.obs["section"].astype(str).to_numpy()
    reference, query = sections[::2].copy(), sections[1::2].copy()
    reference.X = reference.X.toarray()
    marked = names == "section_2"
    reference.X[marked[::2]] += 2.0
    model = fit(reference, setup={"sample_key": "section"}, max_epochs=10)
    query = query[marked[1::2]].copy()
    query.X = query.X.toarray() + 2.0
    del query.obs["section"]
    found = model.predict_posterior(query)
    assert set(names[::2][found.reference_rows]) == {"section_2"}
    assert caplog.text.count("in the frame of the reference's section 'section_2'") == 1


@pytest.mark.trains
def test_three_dimensions(model_class, cells, query):
    rng = np.random.default_rng(0)
    reference = cells[:N_KNOWN].copy()
    reference.obsm["spatial"] = np.c_[reference.obsm["spatial"], rng.normal(size=N_KNOWN) * 800.0]
    model = fit(reference, model_class, max_epochs=10)
    found = model.predict_posterior(query)
    assert found.positions.shape == (N_KNOWN, 3)
    truth = cells.obsm["spatial"][N_KNOWN:]
    away = np.linalg.norm(found.mean()[:, :2] - truth, axis=1)
    assert np.median(away) < 0.5 * model.setup.unit
    places = model.predict_coordinates(query, method="posterior")
    np.testing.assert_allclose(found.mean(), places, atol=1e-3 * model.setup.unit)
    grid = model.predict_posterior(query, spacing=700.0).positions
    steps = np.diff(np.unique(grid[:, 2]))
    np.testing.assert_allclose(steps, 700.0)


@pytest.mark.trains
def test_without_expression_there_are_no_probabilities(model_class, cells, query):
    model = fit(cells[:N_KNOWN].copy(), model_class)
    mean, variance = model.get_latent_representation(return_dist=True)
    model.adata.obsm["X_latent_qzm"], model.adata.obsm["X_latent_qzv"] = mean, variance
    expected = model.predict_posterior(query)
    model.minify_adata()
    with pytest.raises(ValueError, match=r"cannot say how probable .* left out \(minified\)\.$"):
        model.predict_posterior()
    assert_same(model.predict_posterior(query), expected)


@pytest.mark.trains
def test_without_the_distance_term_there_are_no_probabilities(model_class, cells, query):
    if not model_class.has_network:
        pytest.skip("has no distance term to be trained without")
    if model_class.places_by_genes:
        pytest.skip("has probabilities without a distance term, as the tests above show")
    model = fit(cells[:N_KNOWN].copy(), model_class, options={"dp_weight": 0.0})
    with pytest.raises(ValueError, match="probable positions are, since it was trained without"):
        model.predict_posterior(query)
    read = model.predict_coordinates(query, method="latents and genes")
    for method in ("all", "posterior"):
        np.testing.assert_array_equal(model.predict_coordinates(query, method=method), read)


@pytest.mark.trains
@pytest.mark.filterwarnings("ignore:The reference has only", "ignore:The query is unlike")
def test_few_known_cells_place_others_but_say_nothing_of_positions(model_class, cells, query):
    reference = cells[:N_KNOWN].copy()
    reference.obsm["spatial"][19:] = np.nan
    model = fit(reference, model_class)
    with pytest.raises(ValueError, match="section has 19 cells of known place: 20 are needed"):
        model.predict_posterior(query)
    read = model.predict_coordinates(query, method="latents and genes")
    model.atlas_ = replace(model.atlas_, similar={})  # similar cells help without positions, too
    np.testing.assert_array_equal(model.predict_coordinates(query), read)


@pytest.mark.trains
@pytest.mark.filterwarnings("ignore:100 % of the positions", "ignore:The query is unlike")
def test_cells_that_share_four_places_have_no_outline(expression):
    reference = expression[:N_KNOWN].copy()
    reference.obsm["spatial"] = np.c_[np.arange(N_KNOWN) % 2, np.arange(N_KNOWN) // 2 % 2] * 10.0
    model = fit(reference)
    query = expression[N_KNOWN:].copy()
    np.testing.assert_allclose(
        model.predict_posterior(query).probabilities.sum(axis=1), 1.0, atol=1e-5
    )
    with pytest.raises(ValueError, match=r"no outline to fill with a grid: .* 4 different places"):
        model.predict_posterior(query, spacing=1.0)


@pytest.mark.trains
@pytest.mark.filterwarnings("ignore:The 180 places of")
def test_cells_on_a_line_are_placed_but_have_no_positions(expression):
    reference, query = expression[:N_KNOWN].copy(), expression[N_KNOWN:].copy()
    x = reference.obsm["spatial"][:, 0]
    reference.obsm["spatial"] = np.c_[x, 2.0 * x + 5.0]
    model = fit(reference)
    with pytest.raises(ValueError, match="180 cells of known place, all on a line"):
        model.predict_posterior(query)
    found = model.predict_coordinates(query)
    np.testing.assert_allclose(found[:, 1], 2.0 * found[:, 0] + 5.0, rtol=1e-4, atol=1.0)


@pytest.mark.trains
def test_far_from_the_origin_probabilities_are_the_same(expression):
    query = expression[N_KNOWN:].copy()
    del query.obsm["spatial"]
    found = []
    for shift in (0.0, 1e9):
        reference = expression[:N_KNOWN].copy()
        reference.obsm["spatial"] += shift
        found.append(fit(reference).predict_posterior(query))
    np.testing.assert_allclose(found[1].positions - 1e9, found[0].positions, atol=1e-3)
    away = found[1].mean() - 1e9 - found[0].mean()
    assert np.abs(away).max() < 0.02 * np.ptp(found[0].positions)


class PressCtrlC(Callback):
    def on_train_batch_start(self, trainer, *_):
        if trainer.current_epoch == 3:
            signal.raise_signal(signal.SIGINT)


@pytest.mark.trains
def test_an_interrupted_training_gives_probabilities_of_calibrated_width(expression):
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    reference, query = expression[:N_KNOWN].copy(), expression[N_KNOWN:].copy()
    truth = query.obsm.pop("spatial")
    DPVAE.setup_anndata(reference)
    model = DPVAE(reference, **quick_options(DPVAE))
    try:
        with pytest.raises(KeyboardInterrupt):
            model.train(max_epochs=500, batch_size=32, callbacks=[PressCtrlC()], **QUIET)
    finally:
        signal.signal(signal.SIGINT, before)
    found = model.predict_posterior(query)
    assert 0.75 <= found.in_region(truth, 0.9).mean() <= 1.0
    assert np.median(found.region_size(0.9)) < 0.6


@pytest.mark.trains
@pytest.mark.filterwarnings("ignore:The reference has only", "ignore:The query is unlike")
def test_two_genes_say_little(counts):
    depth = np.asarray(counts.X.sum(axis=0)).ravel()
    cells = log_normalized(counts)[:, np.argsort(-depth)[:2]].copy()
    model = fit(cells[:N_KNOWN].copy())
    found = model.predict_posterior(cells[N_KNOWN:].copy())
    truth = cells.obsm["spatial"][N_KNOWN:]
    assert 0.75 <= found.in_region(truth, 0.9).mean() <= 1.0
    assert np.median(found.region_size(0.9)) > 0.4


@pytest.mark.trains
@pytest.mark.parametrize("convert", [np.int64, np.float16, np.uint16])
def test_numbers_of_other_kinds_give_the_same_probabilities(expression, convert):
    """Of rounded places, and of values that 16 bits can hold."""
    found = []
    for kind in (float, convert):
        cells = expression.copy()
        cells.X = (
            cells.X.toarray()
            .astype(np.float16)
            .astype(np.float16 if kind is np.float16 else np.float32)
        )
        places = cells.obsm["spatial"]
        places = np.round((places - places.min(axis=0)) / 10.0)
        cells.obsm["spatial"] = places.astype(kind)
        found.append(fit(cells[:N_KNOWN].copy()).predict_posterior(cells[N_KNOWN:].copy()))
    np.testing.assert_array_equal(found[1].positions, found[0].positions)
    np.testing.assert_allclose(found[1].mean(), found[0].mean(), rtol=1e-2, atol=1.0)


@pytest.mark.trains
def test_the_posterior_of_many_small_sections_is_one_of_each():
    cells = log_normalized(simulated_tissue(240, 40, n_sections=6, seed=1))
    model = fit(cells[::2].copy(), setup={"sample_key": "section"})
    assert model.atlas_.surfaces is not None
    sizes = cells[::2].obs["section"].value_counts()
    has_model = {str(name) for name in sizes.index if sizes[name] >= 20}
    assert set(model.atlas_.surfaces.sections) == has_model


def test_labels_are_those_of_the_parts_of_the_tissue(model_class, kind, trained_kind, cells, query):
    across = cells.obsm["spatial"][:, 0]
    cells.obs["side"] = np.where(across < np.median(across), "left", "right")
    model = model_class.load(trained_kind(kind), adata=cells[:N_KNOWN].copy())
    found = model.predict_labels(query, "side")
    assert list(found.table) == ["left", "right"]
    likeliest = found.table.to_numpy().argmax(axis=1)
    assert (likeliest == (cells.obs["side"][N_KNOWN:] == "right")).mean() > 0.75
    with pytest.raises(KeyError, match=r"no model.adata.obs\['nothing'\]"):
        model.predict_labels(query, "nothing")


def test_labels_need_the_reference_with_its_expression(kind, trained_kind, query):
    with pytest.raises(ValueError, match=r"load\(path, adata=reference\)"):
        dpvae.model.load(trained_kind(kind)).predict_labels(query, "domain")
