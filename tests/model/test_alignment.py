"""Training on a query without places and its reference together, and alignment of the two."""

import anndata as ad
import numpy as np
import pytest
import scanpy as sc
import torch
from tests.conftest import QUICK, QUIET, seed_everything

import dpvae
from dpvae.datasets import simulated_tissue
from dpvae.metrics import procrustes_disparity
from dpvae.model import DPSCVI, DPVAE, DistancePreservingPlan
from dpvae.module import mean_discrepancy

MODELS = {"DPVAE": DPVAE, "DPSCVI": DPSCVI}
UNLIKE = pytest.mark.filterwarnings("ignore:The query is unlike the reference")
KINDS = ("kernel", "adversarial")


def pooled(n_cells=240, n_genes=40, batch_effect=1.0, seed=1):
    """Counts of two sections that differ much; of the second no place is known."""
    adata = simulated_tissue(n_cells, n_genes, n_sections=2, batch_effect=batch_effect, seed=seed)
    is_query = (adata.obs["section"] == "section_2").to_numpy()
    truth = adata.obsm["spatial"][is_query].copy()
    adata.obsm["spatial"][is_query] = np.nan
    adata.layers["counts"] = adata.X.copy()
    sc.pp.normalize_total(adata, target_sum=500)
    sc.pp.log1p(adata)
    return adata, is_query, truth


def fit(adata, name="DPVAE", plan=None, setup=None, options=None, **arguments):
    seed_everything()
    layer = {"layer": "counts"} if name == "DPSCVI" else {}
    MODELS[name].setup_anndata(adata, sample_key="section", **layer, **(setup or {}))
    model = MODELS[name](adata, **(QUICK | (options or {})))
    model.train(plan_kwargs=plan, **({"max_epochs": 2} | arguments), **QUIET)
    return model


def weights(model):
    return model.module.state_dict()


@pytest.mark.trains
@UNLIKE
@pytest.mark.parametrize("name", MODELS)
def test_a_section_without_places_is_placed_among_the_reference(name):
    adata, is_query, _ = pooled(batch_effect=0.3)
    places = adata.obsm["spatial"][~is_query]
    model = fit(adata, name, max_epochs=60)
    found = model.predict_coordinates()
    assert np.isfinite(found).all()
    lowest, highest = places.min(axis=0), places.max(axis=0)
    margin = 0.5 * (highest - lowest)
    assert ((found > lowest - margin) & (found < highest + margin)).all()
    query = adata[is_query].copy()
    del query.obsm["spatial"]
    np.testing.assert_allclose(model.predict_coordinates(query), found[is_query], rtol=1e-4)
    chosen = model.predict_coordinates(query, section="section_1")
    np.testing.assert_allclose(chosen, found[is_query], rtol=1e-4)


@pytest.mark.trains
@pytest.mark.parametrize("batch_key", [None, "section"])
@pytest.mark.parametrize("name", MODELS)
def test_a_section_without_places_is_placed_as_well_as_one_that_was_not_seen(name, batch_key):
    adata, is_query, truth = pooled(400, 60, batch_effect=0.0)
    query = adata[is_query].copy()
    del query.obsm["spatial"]
    alone = fit(adata[~is_query].copy(), name, max_epochs=100)
    both = fit(adata, name, max_epochs=100, setup={"batch_key": batch_key})
    unseen = procrustes_disparity(truth, alone.predict_coordinates(query))
    assert procrustes_disparity(truth, both.predict_coordinates()[is_query]) < unseen + 0.05


def difference(model, is_query):
    latent = torch.as_tensor(model.get_latent_representation())
    return mean_discrepancy(latent, torch.tensor(is_query)).item()


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_alignment_makes_sections_alike_and_places_a_shifted_query_better(name):
    adata, is_query, truth = pooled(500, 60)
    errors, differences = {}, {}
    for kind in (None, *KINDS):
        plan = {"alignment": kind, "alignment_weight": 3.0 if kind == "kernel" else 0.3}
        model = fit(adata, name, plan, max_epochs=120, options={"n_hidden": 64})
        errors[kind] = procrustes_disparity(truth, model.predict_coordinates()[is_query])
        differences[kind] = difference(model, is_query)
    assert differences[None] > 0.5
    assert differences["kernel"] < 0.02
    assert differences["adversarial"] < 0.2
    assert errors["kernel"] < 0.95 * errors[None]
    assert errors["adversarial"] < errors[None]


@pytest.mark.trains
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", MODELS)
def test_the_difference_becomes_smaller_and_is_recorded(name, kind):
    adata, is_query, _ = pooled()
    plan = {"alignment": kind}
    arguments = {"max_epochs": 60, "train_size": 0.8, "check_val_every_n_epoch": 30}
    model = fit(adata, name, plan, **arguments)
    without = fit(adata, name, **arguments)
    assert difference(model, is_query) < 0.5 * difference(without, is_query)
    curve = model.history["alignment_loss_train"].iloc[:, 0]
    assert len(curve) == 60
    assert np.isfinite(curve).all()
    assert "alignment_loss_validation" in model.history
    assert "alignment_loss_train" not in without.history


@pytest.mark.trains
@pytest.mark.parametrize("kind", KINDS)
def test_every_step_is_logged_with_alignment(kind):
    history = fit(pooled()[0], plan={"alignment": kind, "on_step": True}).history
    columns = {name for name in history if name.startswith("alignment_loss")}
    assert columns == {
        name.replace("distance", "alignment")
        for name in history
        if name.startswith("distance_loss")
    }
    assert columns


@pytest.mark.trains
def test_without_alignment_the_training_is_the_same_whatever_its_weight():
    adata = pooled()[0]
    plain = weights(fit(adata))
    for plan in ({"alignment": None}, {"alignment_weight": 9.0}):
        for name, expected in weights(fit(adata, plan=plan)).items():
            torch.testing.assert_close(plain[name], expected, rtol=0, atol=0)


@pytest.mark.trains
@pytest.mark.parametrize("kind", KINDS)
def test_the_weight_is_that_of_the_term(kind):
    adata = pooled()[0]
    one, other = (
        weights(fit(adata, plan={"alignment": kind, "alignment_weight": weight}))
        for weight in (0.1, 10.0)
    )
    assert not torch.equal(
        one["z_encoder.mean_encoder.weight"], other["z_encoder.mean_encoder.weight"]
    )


@pytest.mark.trains
@UNLIKE
@pytest.mark.parametrize("kind", KINDS)
def test_a_saved_model_knows_nothing_of_its_alignment(kind, tmp_path):
    adata = pooled()[0]
    model, plain = fit(adata, plan={"alignment": kind}), fit(adata)
    assert weights(model).keys() == weights(plain).keys()
    model.save(tmp_path / "model")
    query = adata[120:].copy()
    found = dpvae.model.load(tmp_path / "model").predict_coordinates(query)
    np.testing.assert_allclose(found, model.predict_coordinates(query), rtol=1e-5)


@pytest.mark.trains
def test_minibatches_of_one_section_are_trained_on():
    adata = pooled()[0]
    order = np.argsort(adata.obs["section"] == "section_2", kind="stable")
    split = {"train_size": 0.5, "shuffle_set_split": False}
    for kind in KINDS:
        model = fit(adata[order].copy(), plan={"alignment": kind}, **split)
        assert (model.history["alignment_loss_train"] == 0).all().all()
        assert np.isfinite(model.history["train_loss"].to_numpy(dtype=float)).all()


@pytest.mark.trains
@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ({"alignment": "kernel"}, "alignment='kernel' makes sections alike, and there is one"),
        ({"alignment": "OT"}, "alignment is 'OT': choose 'adversarial', 'kernel' or None"),
        ({"alignment": "kernel", "alignment_weight": -1}, "alignment_weight is -1"),
    ],
)
def test_impossible_alignment_is_refused_before_anything_is_done(expression, plan, message):
    DPVAE.setup_anndata(expression)
    model = DPVAE(expression, **QUICK)
    model.train(max_epochs=2, **QUIET)
    places, before = model.predict_coordinates(), {k: v.clone() for k, v in weights(model).items()}
    with pytest.raises(ValueError, match=message):
        model.train(max_epochs=2, plan_kwargs=plan, **QUIET)
    np.testing.assert_array_equal(model.predict_coordinates(), places)
    for name, expected in before.items():
        torch.testing.assert_close(weights(model)[name], expected, rtol=0, atol=0)


def test_a_plan_by_itself_needs_the_number_of_sections(expression):
    DPVAE.setup_anndata(expression)
    model = DPVAE(expression, **QUICK)
    with pytest.raises(ValueError, match="makes sections alike, and there is one"):
        DistancePreservingPlan(model.module, alignment="adversarial")


def test_the_adversary_is_trained_by_the_same_optimizer(expression):
    DPVAE.setup_anndata(expression)
    model = DPVAE(expression, **QUICK)
    plan = DistancePreservingPlan(
        model.module, alignment="adversarial", n_sections=2, lr_schedule="constant"
    )
    groups = plan.configure_optimizers()["optimizer"].param_groups
    trained = {id(parameter) for group in groups for parameter in group["params"]}
    assert trained == {id(parameter) for parameter in plan.parameters()}
    assert len(list(plan.parameters())) == len(list(model.module.parameters())) + 6


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_alignment_makes_real_sections_alike(real_section, kind):
    names = ("st_her2_breast_tumour_A1", "st_her2_breast_tumour_B1")
    adata = ad.concat(
        [real_section(name) for name in names], label="section", keys=names, index_unique=" "
    )
    is_query = (adata.obs["section"] == names[1]).to_numpy()
    adata.obsm["spatial"] = adata.obsm["spatial"].astype(float)
    adata.obsm["spatial"][is_query] = np.nan
    sc.pp.normalize_total(adata, target_sum=1e4)
    sc.pp.log1p(adata)
    sc.pp.highly_variable_genes(adata, n_top_genes=500, subset=True)
    plain, aligned = (fit(adata, plan={"alignment": each}, max_epochs=100) for each in (None, kind))
    assert difference(plain, is_query) > 0.1
    assert difference(aligned, is_query) < 0.5 * difference(plain, is_query)
