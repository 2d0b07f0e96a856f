"""What every model of the table adds to scvi-tools, on quick models."""

import numpy as np
import pandas as pd
import pytest
import scvi
from scipy.spatial import procrustes
from scipy.spatial.distance import pdist
from tests.conftest import OF_ONE_REFERENCE, QUICK, QUIET, log_normalized, quick_options

import dpvae
from dpvae._models import MODELS
from dpvae.datasets import simulated_tissue
from dpvae.model import DPSCVI, DPVAE


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
def model_dir(kind, trained_kind):
    return trained_kind(kind)


@pytest.fixture
def query(cells):
    """The 60 cells that the models of the fixtures have not seen, without coordinates."""
    query = cells[180:].copy()
    del query.obsm["spatial"]
    return query


def fit(adata, cls=DPVAE, max_epochs=2, batch_size=128, setup=None, **kwargs):
    cls.setup_anndata(adata, **(setup or {}))
    model = cls(adata, **(quick_options(cls) | kwargs))
    model.train(max_epochs=max_epochs, batch_size=batch_size, **QUIET)
    return model


def assert_same(adata, before):
    pd.testing.assert_frame_equal(adata.obs, before.obs)
    assert list(adata.obsm) == list(before.obsm)
    assert adata.uns.keys() == before.uns.keys()
    np.testing.assert_array_equal(adata.X.toarray(), before.X.toarray())


def test_every_term_lands_in_the_history(model_dir, cells):
    reference = cells[:180].copy()
    model_class = type(dpvae.model.load(model_dir))
    if not model_class.has_network:
        pytest.skip("has no steps, and no history of them")
    model_class.setup_anndata(reference)
    model = model_class(reference, **quick_options(model_class), dp_weight=3.0)
    model.train(max_epochs=3, train_size=0.9, **QUIET)
    for name in ("reconstruction_loss", "kl_local", "distance_loss", "distance_scale", "elbo"):
        for part in ("train", "validation"):
            column = model.history[f"{name}_{part}"]
            assert len(column) == 3
            assert np.isfinite(column.to_numpy(dtype=float)).all()
    assert model.history["distance_scale_train"].iloc[-1, 0] == pytest.approx(
        model.distance_scale, rel=0.1
    )


@pytest.mark.trains
def test_learning_the_batch_of_a_query_without_places_moves_no_cell(model_class, cells):
    reference, query = cells[:180].copy(), cells[180:].copy()
    reference.obs["donor"], query.obs["donor"] = "one", "two"
    del query.obsm["spatial"]
    model = fit(reference, model_class, setup={"batch_key": "donor"}, max_epochs=5, batch_size=32)
    before = model.predict_coordinates(query)
    latent = model.get_latent_representation(query)
    adapted = model_class.load_query_data(query, model)
    adapted.train(max_epochs=10, batch_size=32, **QUIET)
    np.testing.assert_allclose(adapted.get_latent_representation(query), latent, atol=1e-5)
    np.testing.assert_allclose(adapted.predict_coordinates(query), before, rtol=1e-5)


@pytest.mark.parametrize("anchors", [None, "mask"])
def test_a_method_is_for_places_among_the_reference_only(model_dir, cells, anchors):
    model = dpvae.model.load(model_dir)
    anchors = anchors and np.ones(60, dtype=bool)
    with pytest.raises(ValueError, match=r"method='latents' places cells among .* the reference"):
        model.predict_coordinates(cells[180:].copy(), anchors, method="latents")
    with pytest.raises(
        ValueError, match="method is 'genes': choose 'all', 'posterior', 'latents and genes'"
    ):
        model.predict_coordinates(cells[180:].copy(), method="genes")


def test_a_model_of_another_class_is_named(trained):
    with pytest.raises(ValueError, match=r"holds a DPVAE, not a DPHVAE.*dpvae\.model\.load"):
        dpvae.model.DPHVAE.load(trained)


def test_hidden_places_are_recovered_twice_as_well_as_by_chance(model_dir, query, cells):
    model = dpvae.model.load(model_dir)
    places = model.predict_coordinates(query)
    truth = cells.obsm["spatial"][180:]
    error = np.median(np.linalg.norm(places - truth, axis=1))
    shuffled = np.random.default_rng(0).permutation(truth)
    assert error < 0.5 * np.median(np.linalg.norm(shuffled - truth, axis=1))
    assert procrustes(truth, places)[2] < 0.45


def test_query_is_left_alone(model_dir, query):
    before = query.copy()
    model = dpvae.model.load(model_dir)
    model.predict_coordinates(query)
    model.get_elbo(query)
    assert_same(query, before)


def test_order_of_genes_does_not_matter(model_dir, query):
    model = dpvae.model.load(model_dir)
    order = np.random.default_rng(0).permutation(query.n_vars)
    np.testing.assert_array_equal(
        model.predict_coordinates(query[:, order].copy()), model.predict_coordinates(query)
    )


def test_order_and_company_of_cells_do_not_matter(model_dir, query):
    model = dpvae.model.load(model_dir)
    all_together = model.predict_coordinates(query)
    for cells in ([7, 3, 40], [5]):
        some = model.predict_coordinates(query[cells].copy())
        np.testing.assert_allclose(some, all_together[cells], rtol=1e-4)


@pytest.mark.trains
def test_saved_and_loaded_model_gives_the_same_to_the_bit(cells, query, model_class, tmp_path):
    model = fit(cells[:180].copy(), model_class)
    model.save(str(tmp_path / "model"))
    places = model.predict_coordinates(query)
    for adata in (None, cells[:180].copy()):
        loaded = type(model).load(tmp_path / "model", adata=adata)
        np.testing.assert_array_equal(loaded.predict_coordinates(query), places)
        assert loaded.distance_scale == model.distance_scale


@pytest.mark.filterwarnings("ignore:The query is unlike the reference")
def test_missing_genes_are_refused_and_the_remedy_works(model_dir, query):
    model = dpvae.model.load(model_dir)
    part = query[:, 3:].copy()
    with pytest.raises(ValueError, match="lacks 3 of the reference's 40 genes"):
        model.predict_coordinates(part)
    type(model).prepare_query_anndata(part, model)
    zeros = query.copy()
    zeros.X = zeros.X.toarray()
    zeros.X[:, :3] = 0
    np.testing.assert_allclose(
        model.predict_coordinates(part), model.predict_coordinates(zeros), rtol=1e-5
    )


def test_values_of_the_wrong_kind_are_refused_in_a_query(trained, trained_counts, counts):
    with pytest.raises(ValueError, match="raw counts"):
        dpvae.model.load(trained).predict_coordinates(counts)
    with pytest.raises(ValueError, match="not integers"):
        dpvae.model.load(trained_counts).predict_coordinates(log_normalized(counts))


def test_free_layout_keeps_latent_distances_in_the_unit_of_the_reference(model_dir, query, cells):
    model = dpvae.model.load(model_dir)
    places = model.predict_coordinates(query, anchors=None)
    latent = model.get_latent_representation(query)
    expected = pdist(latent).mean() / model.distance_scale
    is_learned = model.module.distance_term.weight > 0  # or latents do not lie in a plane
    assert pdist(places).mean() == pytest.approx(expected, rel=0.1 if is_learned else 0.2)
    if is_learned:
        assert procrustes(cells.obsm["spatial"][180:], places)[2] < 0.55


def test_anchors_stay_exactly_where_they_are(model_dir, cells):
    query = cells[180:].copy()
    anchors = np.arange(60) < 30
    places = dpvae.model.load(model_dir).predict_coordinates(query, anchors)
    np.testing.assert_array_equal(places[anchors], query.obsm["spatial"][anchors])
    assert np.isfinite(places).all()


def test_model_without_cells_asks_for_them(model_dir):
    with pytest.raises(ValueError, match=r"load\(path, adata=reference\)"):
        dpvae.model.load(model_dir).predict_coordinates()


@pytest.mark.parametrize("model_class", [DPVAE, DPSCVI])
@pytest.mark.parametrize(
    "method",
    ["predict_coordinates", "predict_posterior", "get_latent_representation"],
)
def test_untrained_model_is_refused(method, model_class, expression, counts):
    cells = expression if model_class is DPVAE else counts
    model_class.setup_anndata(cells)
    model = model_class(cells, **QUICK)
    message = r"^The model is not trained: call model.train\(\) first\.$"
    for arguments in ((), (cells,)):
        with pytest.raises(RuntimeError, match=message):
            getattr(model, method)(*arguments)


def test_loading_with_other_genes_is_refused(model_dir, cells):
    with pytest.raises(ValueError, match="in another order"):
        type(dpvae.model.load(model_dir)).load(model_dir, adata=cells[:, ::-1].copy())


def test_query_model_starts_from_the_reference_and_keeps_its_frame(model_dir, query):
    reference = dpvae.model.load(model_dir)
    cls = type(reference)
    with pytest.raises(ValueError, match=r"in another order.*prepare_query_anndata"):
        cls.load_query_data(query[:, ::-1].copy(), model_dir)
    before = reference.predict_coordinates(query)
    model = cls.load_query_data(query, model_dir)
    model.train(max_epochs=1, **QUIET, plan_kwargs={"weight_decay": 0.0})
    assert model.distance_scale == reference.distance_scale
    np.testing.assert_allclose(model.predict_coordinates(), before, rtol=1e-3)


@pytest.mark.trains
def test_new_batch_is_added_by_a_query_model(counts):
    counts.obs["donor"] = ["one", "two"] * 120
    reference, query = counts[:180].copy(), counts[180:].copy()
    model = fit(reference, DPSCVI, setup={"batch_key": "donor"})
    query.obs["donor"] = "three"
    with pytest.raises(ValueError, match=r"\['three'\]. Use load_query_data"):
        model.get_elbo(query)
    assert np.isfinite(model.predict_coordinates(query)).all()
    updated = DPSCVI.load_query_data(query, model)
    updated.train(max_epochs=1, **QUIET)
    assert np.isfinite(float(updated.get_elbo()))


@pytest.mark.trains
@pytest.mark.parametrize("setup", [{"sample_key": "slide"}, {"batch_key": "slide"}])
def test_sections_may_be_numbers(model_class, cells, setup):
    cells.obs["slide"] = np.arange(240) % 2
    model = fit(cells[:180].copy(), model_class, setup=setup)
    query = cells[180:].copy()
    del query.obs["slide"]
    without = model.predict_coordinates(query)
    for slide in (7, "new", True):
        query.obs["slide"] = slide
        np.testing.assert_array_equal(model.predict_coordinates(query), without)
    query.obs["slide"] = 1
    known = model.predict_coordinates(query)
    query.obs["slide"] = "1"
    np.testing.assert_array_equal(model.predict_coordinates(query), known)
    np.testing.assert_array_equal(model.predict_coordinates(query, section=1), known)


def test_a_query_that_cannot_be_learned_from_is_refused_and_left_alone(
    model_dir, query, model_class
):
    cls = model_class
    query.X = query.X.tocsr().astype("float32")
    missing, other = query.copy(), query.copy()
    missing.X.data[0] = np.nan
    other.X = 2.5 * other.X if model_class.values.are_counts else (10 * other.X).rint()
    flat = query.copy()
    flat.obsm["spatial"] = np.zeros((60, 3))
    for wrong, message in (
        (missing, "1 value that is NaN"),
        (other, "raw counts"),
        (flat, "has 3 columns, the reference's 2"),
        (query[:0].copy(), "no cells"),
    ):
        before = wrong.copy()
        with pytest.raises(ValueError, match=message):
            cls.load_query_data(wrong, model_dir)
        assert list(wrong.obs) == list(before.obs)
        assert list(wrong.obsm) == list(before.obsm)
        assert list(wrong.uns) == list(before.uns)


@pytest.mark.trains
def test_minified_model_places_by_its_latents_alone(model_class, cells):
    model = fit(cells, model_class)
    places = model.predict_coordinates(method="latents")
    mean, variance = model.get_latent_representation(return_dist=True)
    cells.obsm["X_latent_qzm"], cells.obsm["X_latent_qzv"] = mean, variance
    model.minify_adata()
    assert model.adata.X.nnz == 0
    np.testing.assert_allclose(model.predict_coordinates(method="latents"), places, rtol=1e-6)


@pytest.mark.trains
def test_sections_are_placed_in_their_own_frames(sections):
    hidden = np.arange(sections.n_obs) % 5 == 0
    reference, query = sections[~hidden].copy(), sections[hidden].copy()
    truth = query.obsm.pop("spatial")
    model = fit(reference, max_epochs=40, batch_size=32, setup={"sample_key": "section"})
    places = model.predict_coordinates(query)
    for section in query.obs["section"].unique():
        rows = (query.obs["section"] == section).to_numpy()
        center = reference.obsm["spatial"][(reference.obs["section"] == section).to_numpy()].mean(0)
        assert np.linalg.norm(places[rows].mean(0) - center) < 800
        assert procrustes(truth[rows], places[rows])[2] < 0.8
    new = query.copy()
    new.obs["section"] = "unheard of"
    alone = [model.predict_coordinates(new, section=f"section_{k}") for k in range(1, 4)]
    together = model.predict_coordinates(new)
    nearest = min(alone, key=lambda layout: np.linalg.norm(layout.mean(0) - together.mean(0)))
    np.testing.assert_allclose(together.mean(0), nearest.mean(0))
    assert not np.allclose(together, nearest)

    first = query.obs["section"].astype(str).unique()[0]
    elsewhere = model.predict_coordinates(query, section=first)
    center = reference.obsm["spatial"][(reference.obs["section"] == first).to_numpy()].mean(0)
    assert np.linalg.norm(elsewhere.mean(0) - center) < 800


def spoil_nan(adata):
    adata.obsm["spatial"][:100] = np.nan


def spoil_same_place(adata):
    adata.obsm["spatial"][:100] = adata.obsm["spatial"][0]


def spoil_same_cell(adata):
    adata.X = adata.X.toarray()
    adata.X[:100] = adata.X[0]


@pytest.mark.trains
@pytest.mark.filterwarnings("ignore:100 of the 240 places .* are the same one:UserWarning")
@pytest.mark.parametrize("spoil", [spoil_nan, spoil_same_place, spoil_same_cell])
def test_difficult_references_learn_and_place_all_cells_in_the_tissue(model_class, cells, spoil):
    places = cells.obsm["spatial"].copy()
    spoil(cells)
    options = {"dp_weight": 3.0} if model_class.has_network else {}
    model = fit(cells, model_class, max_epochs=15, batch_size=32, **options)
    if model.has_network:
        loss = model.history["distance_loss_train"].to_numpy(dtype=float).ravel()
        assert loss[-1] < 0.9 * loss[0]
    found = model.predict_coordinates()
    margin = 0.1 * np.ptp(places, axis=0)
    assert (found > places.min(axis=0) - margin).all()
    assert (found < places.max(axis=0) + margin).all()


@pytest.mark.trains
def test_a_reference_far_from_the_origin_is_placed_there(model_class, cells):
    far = cells.copy()
    far.obsm["spatial"] += 1e9
    scvi.settings.seed = 3
    expected = fit(cells, model_class).predict_coordinates()
    scvi.settings.seed = 3
    found = fit(far, model_class).predict_coordinates()
    np.testing.assert_allclose(found - 1e9, expected, atol=1e-2 * np.ptp(expected))


@pytest.mark.trains
@pytest.mark.parametrize("n_sections", [1, 10])
def test_one_and_ten_sections_are_learned(n_sections):
    adata = log_normalized(simulated_tissue(240, 40, n_sections=n_sections, seed=1))
    model = fit(adata, max_epochs=15, batch_size=64, setup={"sample_key": "section"})
    loss = model.history["distance_loss_train"].to_numpy(dtype=float).ravel()
    assert loss[-1] < 0.9 * loss[0]


@pytest.mark.trains
def test_of_minibatches_of_two_cells_a_last_single_one_is_left_out(expression):
    model = fit(expression[:31].copy(), max_epochs=1, batch_size=2)
    assert model.trainer.global_step == 15
    assert model.history["distance_loss_train"].iloc[0, 0] > 0


@pytest.mark.trains
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_scale_does_not_collapse(seed):
    """The paper's term is 0 where z and λ are; α is large and the ELBO weak on purpose."""
    scvi.settings.seed = seed
    adata = log_normalized(simulated_tissue(240, 40, seed=seed))
    model = fit(adata, max_epochs=20, batch_size=32, dp_weight=100.0)
    unit = float(model.module.distance_term.unit)
    spread = np.sqrt(model.get_latent_representation().var(axis=0).sum())
    assert 0.2 < model.distance_scale * unit < 5
    assert 0.2 < spread < 5


@pytest.mark.trains
def test_same_seed_gives_the_same_places(expression):
    places = []
    for _ in range(2):
        scvi.settings.seed = 3
        model = fit(expression[:180].copy())
        places.append(model.predict_coordinates(expression[180:].copy()))
    np.testing.assert_array_equal(*places)


@pytest.mark.trains
def test_every_cell_trains_by_default(expression):
    DPVAE.setup_anndata(expression)
    model = DPVAE(expression, **QUICK)
    model.train(max_epochs=1, **QUIET)
    assert len(model.train_indices) == expression.n_obs
    assert "distance_loss_train" in model.history
    assert "distance_loss_validation" not in model.history


@pytest.mark.trains
def test_early_stopping_watches_the_geometry(expression):
    DPVAE.setup_anndata(expression)
    model = DPVAE(expression, **QUICK)
    model.train(
        max_epochs=60,
        early_stopping=True,
        early_stopping_patience=1,
        early_stopping_min_delta=0.5,
        **QUIET,
    )
    assert len(model.history["distance_loss_validation"]) < 60
