import numpy as np
import pytest
import scvi
import torch
from lightning.pytorch import Callback
from scvi.train import TrainingPlan
from tests.conftest import QUICK, QUIET

from dpvae.model import DPVAE, DistancePreservingPlan
from dpvae.model.training.plan import fused_where_possible


@pytest.fixture
def model(expression):
    DPVAE.setup_anndata(expression)
    return DPVAE(expression, **QUICK)


def test_weights_decay_and_the_distance_scale_does_not(model):
    plan = DistancePreservingPlan(model.module, lr_schedule="constant", weight_decay=0.2)
    groups = plan.configure_optimizers()["optimizer"].param_groups
    scale = model.module.distance_term.log_scale
    assert [group["weight_decay"] for group in groups] == [0.2, 0.0]
    assert groups[1]["params"] == [scale]
    assert all(parameter is not scale for parameter in groups[0]["params"])
    n_parameters = sum(len(group["params"]) for group in groups)
    assert n_parameters == len(list(model.module.parameters()))


def test_a_frozen_distance_scale_is_left_out(model):
    model.module.distance_term.log_scale.requires_grad = False
    plan = DistancePreservingPlan(model.module, lr_schedule="constant")
    assert len(plan.configure_optimizers()["optimizer"].param_groups) == 1


@pytest.mark.trains
@pytest.mark.parametrize(
    ("arguments", "first", "last"),
    [
        ({}, 0.003, 0.0),
        ({"lr": 0.01}, 0.01, 0.01),
        ({"lr": 0.01, "lr_schedule": "cosine"}, 0.01, 0.0),
        ({"lr_schedule": "constant"}, 0.003, 0.003),
    ],
)
def test_learning_rate_follows_its_schedule(model, arguments, first, last):
    rates = []

    class Record(DistancePreservingPlan):
        def on_train_batch_end(self, *_):
            rates.append(self.optimizers().param_groups[0]["lr"])

    model._training_plan_cls = Record
    model.train(max_epochs=20, plan_kwargs=arguments, **QUIET)
    assert rates[0] == pytest.approx(first, rel=0.01)
    assert rates[-1] == pytest.approx(last, abs=1e-4)
    assert rates == sorted(rates, reverse=True)


@pytest.mark.trains
def test_looking_at_the_validation_part_does_not_change_the_training(expression):
    curves = []
    for every in (1, 3):
        scvi.settings.seed = 0
        DPVAE.setup_anndata(expression)
        model = DPVAE(expression, **QUICK)
        model.train(max_epochs=6, check_val_every_n_epoch=every, **QUIET)
        curves.append(model.history["train_loss"].to_numpy(dtype=float))
    np.testing.assert_array_equal(*curves)


@pytest.mark.trains
def test_extra_metrics_of_every_step_are_logged_outside_inference_mode(model, monkeypatch):
    modes = {}
    log = DistancePreservingPlan.log
    monkeypatch.setattr(
        DistancePreservingPlan,
        "log",
        lambda self, name, *args, **kwargs: (
            modes.__setitem__(name, torch.is_inference_mode_enabled()),
            log(self, name, *args, **kwargs),
        ),
    )
    model.train(max_epochs=1, plan_kwargs={"on_step": True}, **QUIET)
    assert modes["distance_loss_train"] is False
    assert modes["distance_scale_train"] is False


@pytest.mark.trains
def test_history_is_that_of_scvi_tools(expression):
    histories = []
    for base in (DistancePreservingPlan, TrainingPlan):
        scvi.settings.seed = 0
        DPVAE.setup_anndata(expression)
        model = DPVAE(expression, **QUICK)
        model._training_plan_cls = base
        plan = {"optimizer": "Adam", "lr": 1e-3, "n_steps_kl_warmup": 7}
        plan |= {"weight_decay": 0, "eps": 1e-3, "n_epochs_kl_warmup": None}
        model.train(
            max_epochs=3,
            batch_size=70,
            train_size=0.8,
            check_val_every_n_epoch=3,
            log_every_n_steps=1,
            plan_kwargs=plan,
            **QUIET,
        )
        histories.append(model.history)
    ours, theirs = histories
    assert set(ours) == set(theirs)
    for name, expected in theirs.items():
        assert ours[name].index.name == expected.index.name
        assert ours[name].index.tolist() == expected.index.tolist()
        np.testing.assert_allclose(ours[name], expected.to_numpy(dtype=float), rtol=1e-5)


@pytest.mark.trains
def test_the_history_of_a_second_training_goes_on(model):
    model.train(max_epochs=2, **QUIET)
    first = model.history["train_loss"].copy()
    model.train(max_epochs=3, **QUIET)
    assert model.history["train_loss"].index.tolist() == [0, 1, 2, 3, 4]
    assert model.history["train_loss"].iloc[:2].to_numpy().tolist() == first.to_numpy().tolist()


@pytest.mark.trains
@pytest.mark.parametrize("monitor", ["distance_loss_validation", "elbo_train", "train_loss"])
def test_early_stopping_can_watch_every_column(model, monitor):
    model.train(
        max_epochs=20,
        early_stopping=True,
        early_stopping_monitor=monitor,
        early_stopping_mode="max",
        early_stopping_patience=2,
        check_val_every_n_epoch=1,
        **QUIET,
    )
    stopper = model.trainer.early_stopping_callback
    watched = model.history[monitor].iloc[:, 0].to_numpy()
    assert stopper.best_score.item() == pytest.approx(watched.max(), rel=1e-6)


def test_unknown_schedule_is_refused(model):
    with pytest.raises(ValueError, match="lr_schedule is 'linear': choose 'cosine' or 'constant'"):
        DistancePreservingPlan(model.module, lr_schedule="linear")


@pytest.mark.trains
def test_looking_at_the_validation_part_within_an_epoch_repeats_no_random_numbers(expression):
    class Numbers(Callback):
        def on_train_batch_start(self, *_):
            drawn.append(hash(torch.get_rng_state().numpy().tobytes()))

    drawn = []
    DPVAE.setup_anndata(expression)
    model = DPVAE(expression, **QUICK)
    often = {"val_check_interval": 2, "check_val_every_n_epoch": 1, "train_size": 0.8}
    model.train(max_epochs=2, batch_size=32, callbacks=[Numbers()], **often, **QUIET)
    assert len(set(drawn)) == len(drawn) == 12


@pytest.mark.trains
def test_half_precision_trains_about_as_single_precision_does(expression):
    curves = []
    for precision in ("32-true", "bf16-mixed"):
        scvi.settings.seed = 0
        DPVAE.setup_anndata(expression)
        model = DPVAE(expression, **QUICK)
        model.train(max_epochs=3, precision=precision, **QUIET)
        curves.append(model.history["train_loss"].to_numpy(dtype=float))
    np.testing.assert_allclose(curves[1], curves[0], rtol=0.01)


def test_an_optimizer_without_a_fused_kind_is_taken_as_it_is():
    def create(parameters, *, fused=False):
        if fused:
            message = "`fused=True` requires all the params to be floating point Tensors"
            raise RuntimeError(message)
        return torch.optim.Adam(parameters, fused=fused)

    weights = [torch.nn.Parameter(torch.ones(2)), torch.nn.Parameter(torch.ones(3))]
    found = fused_where_possible(create, iter(weights))
    assert found.param_groups[0]["params"] == weights
    assert not found.defaults["fused"]
    assert fused_where_possible(torch.optim.Adam, weights).defaults["fused"]
