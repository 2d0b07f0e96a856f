import copy
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from tests.conftest import QUIET, seed_everything

import dpvae
from dpvae.model import DPVGAE
from dpvae.model.training.cells_first import CellsFirstPlan

SMALL = {"n_hidden": 16, "n_layers": 1, "n_latent": 6, "n_distance": 4}
ALIGNED = {"plan_kwargs": {"alignment": "adversarial"}}
EPOCHS = 12
pytestmark = pytest.mark.filterwarnings("ignore:.*farther from all:UserWarning")


def joined(order=slice(None)):
    section = dpvae.datasets.simulated_tissue(300, 40, seed=0)
    cells, tissue = section[:150].copy(), section[150:, :30].copy()
    tissue.X = tissue.X[order]
    return dpvae.tl.join(cells, tissue)


def made(joint, **options):
    seed_everything()
    DPVGAE.setup_anndata(joint)
    return DPVGAE(joint, order="cells_first", **SMALL, **options)


@pytest.fixture
def plan():
    module = made(joined()).module
    return CellsFirstPlan(module, alignment="adversarial", n_sections=2)


@pytest.fixture
def begin(plan, monkeypatch):
    def begin(epoch):
        monkeypatch.setattr(CellsFirstPlan, "trainer", SimpleNamespace(max_epochs=EPOCHS))
        monkeypatch.setattr(CellsFirstPlan, "current_epoch", epoch)
        plan.module.train()
        plan.on_train_epoch_start()
        return plan

    return begin


@pytest.mark.slow
@pytest.mark.parametrize(("epoch", "are_frozen"), [(0, False), (5, False), (6, True), (11, True)])
def test_the_second_half_of_the_epochs_aligns_the_tissue_with_frozen_cells(
    begin, epoch, are_frozen
):
    plan = begin(epoch)
    assert plan.further_terms[0].weight == (0.3 if are_frozen else 0.0)
    module = plan.module
    for parameter in module.parameters():
        parameter.grad = torch.ones_like(parameter)
    plan.on_after_backward()
    for part in (module.z_encoder, module.decoder):
        assert part.training != are_frozen
        assert all((parameter.grad is None) == are_frozen for parameter in part.parameters())
    for part in (module.tissue_encoder, module.tissue_decoder, module.neighborhood):
        assert part.training
        assert all(parameter.grad is not None for parameter in part.parameters())


@pytest.mark.trains
def test_latents_of_dissociated_cells_do_not_know_the_tissue():
    found = []
    for order in (slice(None), np.random.default_rng(0).permutation(150)):
        model = made(joined(order))
        model.train(max_epochs=4, **ALIGNED, **QUIET)
        is_dissociated = model.adata.obs["technology"].to_numpy() == "cells"
        assert is_dissociated.sum() == 150
        found.append(model.get_latent_representation())
    np.testing.assert_allclose(*(latent[is_dissociated] for latent in found), atol=1e-5)
    first, second = (latent[~is_dissociated] for latent in found)
    assert np.abs(first - second).max() > 0.1


@pytest.mark.trains
@pytest.mark.parametrize("likelihood", ["normal", "zinb"])
def test_nothing_of_the_cells_learns_in_the_second_half(monkeypatch, likelihood):
    model, seen = made(joined(), gene_likelihood=likelihood), []
    monkeypatch.setattr(
        CellsFirstPlan,
        "on_train_epoch_end",
        lambda plan: seen.append(copy.deepcopy(plan.module.state_dict())),
    )
    model.train(max_epochs=4, **ALIGNED, **QUIET)
    changed = {name for name in seen[-1] if not torch.equal(seen[1][name], seen[-1][name])}
    of_tissue = ("tissue_", "neighborhood", "distance_term")
    assert not {name for name in changed if not name.startswith(of_tissue)}
    assert {name.split(".")[0] for name in changed} >= {"tissue_encoder", "tissue_decoder"}


@pytest.mark.trains
def test_without_alignment_training_is_refused():
    model = made(joined())
    before = copy.deepcopy(model.module.state_dict())
    with pytest.raises(ValueError, match="nothing makes their latents alike"):
        model.train(max_epochs=1, **QUIET)
    torch.testing.assert_close(model.module.state_dict(), before, equal_nan=True)
    assert not model.is_trained


@pytest.mark.trains
def test_it_takes_the_arguments_of_the_other_plan_and_a_saved_model_is_the_same(tmp_path):
    model = made(joined())
    plan = {"alignment": "kernel", "alignment_weight": 2.0, "far_share": 0.5, "lr": 1e-3}
    model.train(max_epochs=2, plan_kwargs=plan, **QUIET)
    model.save(tmp_path / "model")
    loaded = DPVGAE.load(tmp_path / "model", adata=joined())
    found, expected = (m.get_latent_representation() for m in (loaded, model))
    np.testing.assert_allclose(found, expected, atol=1e-6)
    found, expected = (m.get_imputed_expression().X for m in (loaded, model))
    np.testing.assert_allclose(found, expected, atol=1e-5)
