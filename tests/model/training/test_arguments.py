import numpy as np
import pytest
from lightning.pytorch import Callback
from scvi.train import SaveCheckpoint
from tests.conftest import QUICK, QUIET

from dpvae.model import DPVAE
from dpvae.model.training.arguments import TrainingArguments
from dpvae.model.training.validation_part import with_default_split


@pytest.mark.parametrize(
    "arguments",
    [
        {"early_stopping": True},
        {"train_size": None},
        {"validation_size": 0.1},
        {"check_val_every_n_epoch": 3},
        {"datasplitter_kwargs": {"external_indexing": [[0], [1]]}},
        {"plan_kwargs": {"reduce_lr_on_plateau": True}},
        {"enable_checkpointing": True},
        {"callbacks": [SaveCheckpoint("folder", monitor="elbo_validation")]},
    ],
)
def test_a_validation_part_is_taken_where_it_is_asked_for(arguments):
    assert with_default_split(arguments, 1000) == arguments


@pytest.mark.parametrize(
    "arguments",
    [
        {"plan_kwargs": {"reduce_lr_on_plateau": True, "lr_scheduler_metric": "train_loss"}},
        {"enable_checkpointing": True, "checkpointing_monitor": "train_loss"},
        {"callbacks": [SaveCheckpoint("folder", monitor="train_loss"), Callback()]},
    ],
)
def test_what_looks_at_the_training_part_needs_no_other(arguments):
    assert with_default_split(arguments, 1000)["train_size"] == 1.0


@pytest.mark.trains
@pytest.mark.parametrize(
    ("arguments", "is_with_validation"),
    [
        ({"plan_kwargs": {"reduce_lr_on_plateau": True}}, True),
        ({"fast_dev_run": True}, False),
        ({"learning_rate_monitor": True, "callbacks": None, "batch_size": None}, False),
    ],
)
def test_trainings_of_all_kinds_have_the_part_that_they_need(
    expression, arguments, is_with_validation
):
    DPVAE.setup_anndata(expression)
    model = DPVAE(expression, **QUICK)
    model.train(max_epochs=2, **arguments, **QUIET)
    assert bool(len(model.validation_indices)) == is_with_validation


@pytest.mark.trains
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"max_epochs": -1}, "max_epochs is -1: give a whole number of epochs"),
        ({"max_epochs": 2.5}, "max_epochs is 2.5: give a whole number of epochs"),
        ({"batch_size": 0}, "batch_size is 0: give a whole number of cells that is at least 2"),
        ({"batch_size": 1}, "batch_size is 1: give a whole number of cells that is at least 2"),
        ({"batch_size": 64.0}, "batch_size is 64.0: give a whole number of cells"),
        (
            {"batch_size": 500, "datasplitter_kwargs": {"drop_last": True}},
            "240 cells train, which is less than one minibatch of 500",
        ),
    ],
)
def test_numbers_that_are_not_possible_are_refused(expression, arguments, message):
    DPVAE.setup_anndata(expression)
    with pytest.raises(ValueError, match=message):
        DPVAE(expression, **QUICK).train(**{"max_epochs": 1, **arguments}, **QUIET)


@pytest.mark.parametrize(
    ("n_cells", "splitter"),
    [(100, {}), (128, {}), (129, {"drop_last": True}), (130, {"drop_last": True}), (131, {})],
)
def test_else_every_cell_trains_and_no_minibatch_is_tiny(n_cells, splitter):
    expected = {"accelerator": "cpu", "train_size": 1.0, "datasplitter_kwargs": splitter}
    assert with_default_split({"accelerator": "cpu"}, n_cells) == expected


TWO = np.array(["reference", "query", "query"] * 40)


def arguments(section=TWO, **given):
    names = {"lr", "alignment", "alignment_weight", "lr_schedule", "n_steps_kl_warmup"}
    return TrainingArguments.of(None, given, section=section, plan_names=names)


def test_cells_of_one_section_are_not_aligned():
    plan = {"alignment": "kernel", "lr": 0.1}
    assert arguments(plan_kwargs=plan).plan == plan
    with pytest.raises(ValueError, match="makes sections alike, and there is one"):
        arguments(np.full(120, "query"), plan_kwargs=plan)


def test_what_is_given_is_left_as_it_is_and_comes_before_what_train_fills_in():
    given = {"plan_kwargs": {"lr": 0.1}, "datasplitter_kwargs": {"drop_last": False}}
    made = arguments(**given).for_scvi(plan={"lr": 0.2, "n_sections": 2}, splitter={"order": 1})
    assert made["plan_kwargs"] == {"lr": 0.1, "n_sections": 2}
    assert made["datasplitter_kwargs"] == {"drop_last": False, "order": 1}
    assert made["batch_size"] == 128
    assert given == {"plan_kwargs": {"lr": 0.1}, "datasplitter_kwargs": {"drop_last": False}}


def test_fine_tuning_has_a_plan_of_its_own_unless_one_is_given():
    names = {"lr", "lr_schedule", "n_steps_kl_warmup"}
    options = {"section": TWO, "plan_names": names, "is_fine_tuning": True}
    made = TrainingArguments.of(None, {"plan_kwargs": {"lr": 0.5}}, **options)
    assert made.plan == {"lr": 0.5, "lr_schedule": "cosine", "n_steps_kl_warmup": None}
    assert made.max_epochs == 300
    assert arguments().max_epochs == 500
