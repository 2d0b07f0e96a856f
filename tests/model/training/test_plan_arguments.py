import pytest
from tests.conftest import QUICK, QUIET

from dpvae.model import DPVAE
from dpvae.model.training.plan_arguments import METRICS, check_metric, check_plan

NAMES = {"lr", "weight_decay", "eps", "optimizer", "max_kl_weight", "far_share", "lr_factor"} | {
    "n_epochs_kl_warmup",
    "n_steps_kl_warmup",
    "reduce_lr_on_plateau",
    "lr_scheduler_metric",
    "on_step",
}
NAN, INFINITE = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ({"lr": NAN}, "lr is nan: give a finite number that is at least 0"),
        ({"lr": INFINITE}, "lr is inf"),
        ({"lr": -1.0}, "lr is -1.0"),
        ({"lr": "fast"}, "lr is 'fast'"),
        ({"weight_decay": NAN}, "weight_decay is nan"),
        ({"eps": -1e-8}, "eps is -1e-08"),
        ({"max_kl_weight": NAN}, "max_kl_weight is nan"),
        ({"n_epochs_kl_warmup": -5}, "n_epochs_kl_warmup is -5: give a number of epochs"),
        ({"n_steps_kl_warmup": NAN}, "n_steps_kl_warmup is nan: give a number of steps"),
        ({"far_share": 2}, "far_share is 2: give a share from 0 to 1"),
        ({"lr_factor": 1.5}, "lr_factor is 1.5: give a share from 0 to 1"),
        ({"optimizer": "SGD"}, "optimizer is 'SGD': choose 'Adam' or 'AdamW'"),
        (
            {"reduce_lr_on_plateau": True, "lr_scheduler_metric": "elbo_val"},
            "lr_scheduler_metric is 'elbo_val': choose one of .*elbo_validation",
        ),
    ],
)
def test_impossible_values_are_refused(plan, message):
    with pytest.raises(ValueError, match=message):
        check_plan(plan, NAMES)


@pytest.mark.parametrize(
    "plan",
    [
        {},
        {"lr": 0.0, "weight_decay": 0, "n_steps_kl_warmup": None, "n_epochs_kl_warmup": 400},
        {"optimizer": "Custom", "far_share": 0, "max_kl_weight": 2.5},
        {"lr_scheduler_metric": "anything, where nothing looks at it"},
        {
            "reduce_lr_on_plateau": True,
            "lr_scheduler_metric": "elbo_validation_epoch",
            "on_step": 1,
        },
    ],
)
def test_possible_values_pass(plan):
    check_plan(plan, NAMES)


def test_unknown_names_are_refused_with_the_nearest_one():
    with pytest.raises(TypeError, match=r"no argument 'weigth_decay'\. Do you mean 'weight_decay'"):
        check_plan({"weigth_decay": 0.1}, NAMES)


def test_unknown_metrics_are_refused_before_training(expression):
    DPVAE.setup_anndata(expression)
    model = DPVAE(expression, **QUICK)
    with pytest.raises(ValueError, match="early_stopping_monitor is 'val_loss': choose one of"):
        model.train(early_stopping=True, early_stopping_monitor="val_loss", **QUIET)
    with pytest.raises(TypeError, match="plan_kwargs has no argument 'learning_rate'"):
        model.train(plan_kwargs={"learning_rate": 0.1}, **QUIET)
    assert not model.is_trained_


@pytest.mark.trains
def test_every_metric_is_logged(sections):
    DPVAE.setup_anndata(sections, sample_key="section")
    model = DPVAE(sections, **QUICK)
    model.train(max_epochs=2, train_size=0.8, plan_kwargs={"alignment": "kernel"}, **QUIET)
    assert set(METRICS) <= set(model.history)
    for metric in METRICS:
        check_metric("early_stopping_monitor", metric)
