import logging
import warnings

import pytest
from lightning.pytorch import Callback
from scvi.train import SaveCheckpoint
from tests.conftest import QUICK, QUIET

from dpvae.model import DPVAE
from dpvae.model.training.arguments import (
    check_names,
    epochs_between_validations,
    suitable_epochs,
    with_default_split,
    without_noise,
)


@pytest.mark.parametrize(
    ("n_cells", "batch_size", "train_size", "expected"),
    [(1280, 128, 1.0, 100), (2560, 128, 0.5, 100), (50, 128, None, 1000), (10**6, 128, None, 1)],
)
def test_steps_become_whole_epochs(n_cells, batch_size, train_size, expected):
    epochs = suitable_epochs(n_cells, batch_size=batch_size, train_size=train_size, n_steps=1000)
    assert epochs == expected


def test_only_the_noise_is_silenced():
    with without_noise():
        warnings.warn("The 'train_dataloader' does not have many workers", stacklevel=1)
        with pytest.warns(UserWarning, match="something else"):
            warnings.warn("something else", stacklevel=1)


def test_lightning_is_silent_for_a_while_only():
    for name, level in (("lightning.pytorch", logging.INFO), ("lightning.fabric", logging.ERROR)):
        logger = logging.getLogger(name)
        before = logger.level
        logger.setLevel(level)
        with without_noise():
            assert logger.level == max(level, logging.WARNING)
        assert logger.level == level
        logger.setLevel(before)


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("epochs", "The number of passes over the data is max_epochs=…"),
        ("n_epochs", "The number of passes over the data is max_epochs=…"),
        ("lr", r"Give it as plan_kwargs=\{'lr': …\}"),
        ("weight_decay", r"Give it as plan_kwargs=\{'weight_decay': …\}"),
        ("alignment", r"Give it as plan_kwargs=\{'alignment': …\}"),
        ("batchsize", "Is it batch_size that you mean?"),
        ("xyz", "$"),
    ],
)
def test_an_argument_that_train_does_not_have_is_named(name, advice):
    with pytest.raises(TypeError, match=rf"train\(\) has no argument '{name}'.*{advice}"):
        check_names({"batch_size": 5, name: 3})


def test_what_scvi_tools_and_lightning_take_is_taken():
    check_names(dict.fromkeys(["accelerator", "ckpt_path", "plan_kwargs", "train_size", "logger"]))
    check_names(dict.fromkeys(["gradient_clip_val", "precision", "strategy", "fast_dev_run"]))
    check_names(dict.fromkeys(["simple_progress_bar", "log_save_dir", "trainer_config"]))
    check_names(dict.fromkeys(["early_stopping", "datasplitter_kwargs", "load_sparse_tensor"]))


@pytest.mark.parametrize(
    ("max_epochs", "arguments", "expected"),
    [
        (50, {}, 1),
        (1000, {"train_size": 0.8}, 10),
        (1000, {"train_size": 1.0}, None),
        (1000, {"datasplitter_kwargs": {"external_indexing": [[0, 1]]}}, None),
        (1000, {"datasplitter_kwargs": {"external_indexing": [[0, 1], [2]]}}, 10),
    ],
)
def test_validation_part_is_looked_at_where_there_is_one(max_epochs, arguments, expected):
    assert epochs_between_validations(max_epochs, arguments, 1000) == expected


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


def test_more_cells_take_more_steps_but_fewer_epochs():
    sizes = (512, 2176, 69_120)
    epochs = [suitable_epochs(n, batch_size=128, train_size=1.0) for n in sizes]
    steps = [n_epochs * n // 128 for n_epochs, n in zip(epochs, sizes, strict=True)]
    assert epochs == sorted(epochs, reverse=True)
    assert steps == pytest.approx([509, 1507, 20_000], rel=0.05)


@pytest.mark.parametrize(
    ("n_cells", "n_processes", "same"), [(4_096, 2, True), (69_120, 8, True), (512, 4, False)]
)
def test_processes_share_the_epochs_of_one_unless_steps_become_few(n_cells, n_processes, same):
    together = {"batch_size": 128, "train_size": 1.0, "n_processes": n_processes}
    alone = suitable_epochs(n_cells, batch_size=128, train_size=1.0)
    epochs = suitable_epochs(n_cells, **together)
    assert (epochs <= alone + 1) == same
    assert epochs * n_cells / (128 * n_processes) >= 500
