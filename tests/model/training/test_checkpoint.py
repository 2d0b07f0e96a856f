import os
import signal
import subprocess
import sys
import time
from datetime import timedelta

import numpy as np
import pytest
import scvi
import torch
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO
from lightning.pytorch import Callback
from tests.conftest import QUICK, QUIET, seed_everything

from dpvae.model import DPSCVI, DPVAE

EPOCHS = 6
PLATEAU = {
    "lr": 1e-3,
    "reduce_lr_on_plateau": True,
    "lr_patience": 0,
    "lr_threshold": 1e6,
    "lr_scheduler_metric": "validation_loss",
}


class Stop(Callback):
    """Stops as a crash does, in the middle of an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_train_batch_start(self, trainer, *_):
        if trainer.current_epoch == self.epoch and trainer.global_step % 2:
            message = "the machine went down"
            raise OSError(message)


def make(expression, **options):
    seed_everything()
    DPVAE.setup_anndata(expression)
    return DPVAE(expression, **{**QUICK, **options})


def weights(model):
    return {name: value.clone() for name, value in model.module.state_dict().items()}


def train(model, **arguments):
    model.train(max_epochs=EPOCHS, batch_size=50, **arguments, **QUIET)


def interrupted(expression, path, epoch=4, **arguments):
    with pytest.raises(OSError, match="the machine went down"):
        train(
            make(expression),
            checkpoint=path,
            checkpoint_every=2,
            callbacks=[Stop(epoch)],
            **arguments,
        )


@pytest.mark.trains
@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"train_size": 0.8, "check_val_every_n_epoch": 1},
        {"plan_kwargs": {"lr_schedule": "constant"}},
        {"limit_train_batches": 3},
        {"early_stopping": True, "early_stopping_patience": 5},
        {"early_stopping": True, "early_stopping_patience": 5, "early_stopping_min_delta": 1e6},
        {"train_size": 0.8, "check_val_every_n_epoch": 1, "plan_kwargs": PLATEAU},
    ],
)
def test_a_training_that_is_resumed_is_the_uninterrupted_one(expression, tmp_path, arguments):
    whole = make(expression)
    train(whole, **arguments)
    interrupted(expression, tmp_path / "state.ckpt", **arguments)
    torch.rand(17)
    resumed = make(expression)
    torch.rand(5)
    train(resumed, resume_from=tmp_path / "state.ckpt", **arguments)
    for name, expected in weights(whole).items():
        torch.testing.assert_close(weights(resumed)[name], expected, rtol=0, atol=0, msg=name)
    for name, curve in whole.history.items():
        np.testing.assert_array_equal(resumed.history[name], curve)
        assert resumed.history[name].index.tolist() == curve.index.tolist()
    np.testing.assert_array_equal(resumed.predict_coordinates(), whole.predict_coordinates())


@pytest.mark.trains
def test_resuming_works_from_disk(expression, backed, tmp_path):
    expression = backed(expression)
    whole = make(expression)
    train(whole)
    interrupted(expression, tmp_path / "state.ckpt")
    resumed = make(expression)
    train(resumed, resume_from=tmp_path / "state.ckpt")
    for name, expected in weights(whole).items():
        torch.testing.assert_close(weights(resumed)[name], expected, rtol=0, atol=0)


@pytest.mark.trains
def test_resuming_works_for_counts(counts, tmp_path):
    def made():
        seed_everything()
        DPSCVI.setup_anndata(counts)
        return DPSCVI(counts, **QUICK)

    whole, half, resumed = made(), made(), None
    train(whole)
    half = made()
    with pytest.raises(OSError, match="the machine"):
        train(half, checkpoint=tmp_path / "state", checkpoint_every=1, callbacks=[Stop(3)])
    resumed = made()
    train(resumed, resume_from=tmp_path / "state")
    for name, expected in weights(whole).items():
        torch.testing.assert_close(weights(resumed)[name], expected, rtol=0, atol=0)


@pytest.mark.trains
@pytest.mark.parametrize("kind", ["kernel", "adversarial"])
def test_resuming_works_with_aligned_sections(sections, tmp_path, kind):
    def made():
        seed_everything()
        DPVAE.setup_anndata(sections, sample_key="section")
        return DPVAE(sections, **QUICK)

    path, plan = tmp_path / "state", {"plan_kwargs": {"alignment": kind}}
    whole = made()
    train(whole, **plan)
    half = made()
    with pytest.raises(OSError, match="the machine"):
        train(half, checkpoint=path, checkpoint_every=2, callbacks=[Stop(4)], **plan)
    resumed = made()
    train(resumed, resume_from=path, **plan)
    for name, expected in weights(whole).items():
        torch.testing.assert_close(weights(resumed)[name], expected, rtol=0, atol=0)
    for name, curve in whole.history.items():
        np.testing.assert_array_equal(resumed.history[name], curve)
    with pytest.raises(ValueError, match=f"its alignment is {kind}, here it is None"):
        train(made(), resume_from=path)


@pytest.mark.trains
def test_keeping_the_state_does_not_change_the_training(expression, tmp_path):
    plain, kept = make(expression), None
    train(plain)
    kept = make(expression)
    train(kept, checkpoint=tmp_path / "state.ckpt", checkpoint_every=1)
    for name, expected in weights(plain).items():
        torch.testing.assert_close(weights(kept)[name], expected, rtol=0, atol=0)


@pytest.mark.trains
@pytest.mark.parametrize(("every", "is_there"), [(timedelta(hours=1), False), (timedelta(0), True)])
def test_states_are_kept_by_time(expression, tmp_path, every, is_there):
    path = tmp_path / "folder" / "state.ckpt"
    train(make(expression), checkpoint=path, checkpoint_every=every)
    assert path.exists() == is_there


@pytest.mark.trains
def test_a_disk_that_is_full_leaves_the_state_before_and_the_training_goes_on(
    expression, tmp_path, monkeypatch, caplog
):
    path = tmp_path / "state.ckpt"
    interrupted(expression, path)
    before = path.read_bytes()

    def full(_, __, target, ___):
        target.write_bytes(b"half")
        message = "No space left on device"
        raise OSError(message)

    monkeypatch.setattr(TorchCheckpointIO, "save_checkpoint", full)
    model = make(expression)
    train(model, checkpoint=path, checkpoint_every=2)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["state.ckpt"]
    assert f"could not be kept in {path}: No space left" in caplog.text
    assert len(model.history["train_loss"]) == EPOCHS


@pytest.mark.trains
@pytest.mark.parametrize(
    ("options", "arguments", "message"),
    [
        ({"n_hidden": 16}, {}, "its n_hidden is 32, here it is 16"),
        ({}, {"train_size": 0.5}, "its train_size is 1.0, here it is 0.5"),
        ({}, {"plan_kwargs": {"lr": 0.1}}, "its lr is None, here it is 0.1"),
        ({}, {"limit_train_batches": 2}, "its limit_train_batches is None, here it is 2"),
    ],
)
def test_states_of_other_trainings_are_refused(expression, tmp_path, options, arguments, message):
    interrupted(expression, tmp_path / "state.ckpt")
    model = make(expression, **options)
    with pytest.raises(ValueError, match=message):
        train(model, resume_from=tmp_path / "state.ckpt", **arguments)


@pytest.mark.trains
def test_states_of_other_genes_and_models_are_refused(expression, counts, tmp_path):
    interrupted(expression, tmp_path / "state.ckpt")
    other = expression.copy()
    other.var_names = [f"other {name}" for name in other.var_names]
    with pytest.raises(ValueError, match="its names of the genes"):
        train(make(other), resume_from=tmp_path / "state.ckpt")
    DPSCVI.setup_anndata(counts)
    with pytest.raises(ValueError, match="its model is DPVAE, here it is DPSCVI"):
        train(DPSCVI(counts, **QUICK), resume_from=tmp_path / "state.ckpt")


@pytest.mark.trains
def test_missing_and_damaged_states_are_refused(expression, tmp_path):
    model = make(expression)
    with pytest.raises(FileNotFoundError, match=r"no file .* to resume from"):
        train(model, resume_from=tmp_path / "state.ckpt")
    interrupted(expression, tmp_path / "state.ckpt")
    whole = (tmp_path / "state.ckpt").read_bytes()
    for damaged in (whole[: len(whole) // 2], b"something else", b""):
        (tmp_path / "state.ckpt").write_bytes(damaged)
        with pytest.raises(ValueError, match="is not a whole file"):
            train(make(expression), resume_from=tmp_path / "state.ckpt")


@pytest.mark.trains
def test_states_of_other_columns_are_refused_before_weights_are_read(sections, tmp_path):
    def made(**setup):
        DPVAE.setup_anndata(sections, **setup)
        return DPVAE(sections, **QUICK)

    path = tmp_path / "state"
    train(made(sample_key="section"), checkpoint=path, checkpoint_every=3)
    with pytest.raises(ValueError, match="its sample_key is section, here it is None"):
        train(made(batch_key="section"), resume_from=path)


@pytest.mark.trains
def test_cells_of_the_validation_part_stay_there_without_a_seed(expression, tmp_path, monkeypatch):
    class Split(Callback):
        def on_train_start(self, trainer, _):
            self.training = trainer.datamodule.train_idx.tolist()

    monkeypatch.setattr(scvi.settings, "_seed", None)
    before, after = Split(), Split()
    path, arguments = tmp_path / "state", {"train_size": 0.8}
    DPVAE.setup_anndata(expression)
    half, resumed = DPVAE(expression, **QUICK), DPVAE(expression, **QUICK)
    state = {"checkpoint": path, "checkpoint_every": 2}
    with pytest.raises(OSError, match="the machine"):
        train(half, callbacks=[before, Stop(4)], **state, **arguments)
    train(resumed, resume_from=path, callbacks=[after], **arguments)
    assert after.training == before.training
    assert sorted(resumed.train_indices) == sorted(before.training)
    assert not set(resumed.validation_indices) & set(before.training)


@pytest.mark.trains
@pytest.mark.parametrize("arguments", [{}, {"early_stopping": True, "early_stopping_patience": 2}])
def test_a_training_that_had_ended_keeps_its_weights_and_its_history(
    expression, tmp_path, arguments
):
    arguments = {"early_stopping_min_delta": 1e6, **arguments}
    whole, again = make(expression), make(expression)
    train(whole, checkpoint=tmp_path / "state", checkpoint_every=1, **arguments)
    train(again, resume_from=tmp_path / "state", **arguments)
    for name, expected in weights(whole).items():
        torch.testing.assert_close(weights(again)[name], expected, rtol=0, atol=0)
    assert list(again.history) == list(whole.history)
    np.testing.assert_array_equal(again.history["train_loss"], whole.history["train_loss"])
    np.testing.assert_array_equal(again.predict_coordinates(), whole.predict_coordinates())


@pytest.mark.slow
@pytest.mark.parametrize("every", [0, -1, timedelta(seconds=-1), 1.5, None, "5", True])
def test_impossible_intervals_are_refused(expression, tmp_path, every):
    with pytest.raises(ValueError, match="checkpoint_every is"):
        train(make(expression), checkpoint=tmp_path / "state", checkpoint_every=every)


SCRIPT = """
import logging, sys
import scanpy as sc, scvi, torch
from dpvae.datasets import simulated_tissue
from dpvae.model import DPVAE

scvi.settings.seed = 0
torch.set_num_threads(1)
adata = simulated_tissue(240, 40, seed=0)
sc.pp.normalize_total(adata)
sc.pp.log1p(adata)
DPVAE.setup_anndata(adata)
model = DPVAE(adata, n_hidden=32, n_layers=1)
how, path = sys.argv[1:]
state = {"checkpoint": path, "checkpoint_every": 5} if how == "killed" else {}
state = {"resume_from": path} if how == "resumed" else state
model.train(max_epochs=400, batch_size=50, enable_progress_bar=False, **state)
torch.save(model.module.state_dict(), f"{path}.{how}")
"""


@pytest.mark.slow
def test_a_training_that_is_killed_goes_on_to_the_same_weights(tmp_path):
    path = tmp_path / "state.ckpt"

    def command(how):
        return [sys.executable, "-c", SCRIPT, how, str(path)]

    killed = subprocess.Popen(command("killed"), stderr=subprocess.DEVNULL)
    while not path.exists():
        assert killed.poll() is None, "ended before it was killed"
        time.sleep(0.05)
    os.kill(killed.pid, signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL
    for how in ("resumed", "whole"):
        subprocess.run(command(how), check=True, stderr=subprocess.DEVNULL)
    resumed, whole = (torch.load(f"{path}.{how}") for how in ("resumed", "whole"))
    for name, expected in whole.items():
        torch.testing.assert_close(resumed[name], expected, rtol=0, atol=0)


FULL_DISK = """
import resource, signal
import scvi
from dpvae.datasets import simulated_tissue
from dpvae.model import DPSCVI

scvi.settings.seed = 0
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
adata = simulated_tissue(240, 40, seed=0)
DPSCVI.setup_anndata(adata)
model = DPSCVI(adata, n_hidden=128, n_layers=1)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
model.train(
    max_epochs=2, devices=2, accelerator="cpu", strategy="ddp_find_unused_parameters_true",
    checkpoint="state.ckpt", checkpoint_every=1, enable_progress_bar=False,
)
print("trained", flush=True)
"""


@pytest.mark.slow
def test_two_processes_go_on_where_the_disk_is_full(tmp_path):
    (tmp_path / "script.py").write_text(FULL_DISK)
    run = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert run.stdout.count("trained") == 2, run.stderr[-3000:]
    assert "could not be kept in state.ckpt" in run.stderr
    assert not (tmp_path / "state.ckpt").exists()
