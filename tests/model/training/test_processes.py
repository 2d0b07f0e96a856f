import json
import os
import subprocess
import sys

import numpy as np
import pytest
import scvi
import torch

import dpvae
from dpvae.model.training.processes import for_processes, n_processes

DDP = "ddp_find_unused_parameters_true"
SCRIPT = """
import json, os, sys
import anndata as ad, numpy as np, scanpy as sc, scvi, torch
from dpvae.datasets import simulated_tissue
from dpvae.cli.held_out import hide_places
from dpvae.metrics import procrustes_disparity
from dpvae.model import DPVAE

torch.set_num_threads(1)
adata = simulated_tissue(500, 60, seed=0)
sc.pp.normalize_total(adata)
sc.pp.log1p(adata)
reference, query = hide_places(adata, spatial_key="spatial")
sample_key = None
if sys.argv[4] != "in memory":
    sample_key = "section"
    reference.obs["section"] = np.repeat(["a", "b"], [200, 200])
if sys.argv[4] == "on disk":
    reference.write_h5ad(f"{sys.argv[3]}.{os.getpid()}.h5ad")
    reference = ad.read_h5ad(f"{sys.argv[3]}.{os.getpid()}.h5ad", backed="r")
scvi.settings.seed = int(sys.argv[1])
DPVAE.setup_anndata(reference, sample_key=sample_key)
model = DPVAE(reference, n_hidden=64, n_layers=1)
arguments = json.loads(sys.argv[2])
model.train(accelerator="cpu", enable_progress_bar=False, **arguments)
model.save(sys.argv[3])
places = model.predict_coordinates(query)
error = procrustes_disparity(adata[query.obs_names].obsm["spatial"], places)
path = f"{sys.argv[3]}.{model.trainer.global_rank}.json"
with open(path, "w") as file:
    found = {"error": error, "scale": model.distance_scale, "history": sorted(model.history)}
    json.dump({**found, "places": places.tolist(), "steps": model.trainer.global_step}, file)
"""

SPATIAL_SCRIPT = """
import os, sys
import numpy as np, scvi, torch
from dpvae.datasets import simulated_tissue
from dpvae.model import SPAVAE

torch.set_num_threads(1)
adata = simulated_tissue(400, 40, n_sections=2, seed=0)
scvi.settings.seed = 0
SPAVAE.setup_anndata(adata, sample_key="section")
model = SPAVAE(adata, n_hidden=32, n_cosines=64)
together = dict(devices=2, strategy=sys.argv[2], accelerator="cpu")
model.train(max_epochs=20, enable_progress_bar=False, **together)
if model.trainer.is_global_zero:
    model.save(sys.argv[1], save_anndata=True)
np.save(f"{sys.argv[1]}.{model.trainer.global_rank}.npy", model.get_latent_representation())
"""

JOINT_SCRIPT = """
import json, sys
import numpy as np, scvi, torch
import dpvae

torch.set_num_threads(1)
section = dpvae.datasets.simulated_tissue(600, 60, seed=0)
joint = dpvae.tl.join(section[:300].copy(), section[300:, :40].copy())
scvi.settings.seed = 0
dpvae.model.DPVGAE.setup_anndata(joint)
model = dpvae.model.DPVGAE(joint, n_hidden=32, n_layers=1, **json.loads(sys.argv[3]))
arguments = json.loads(sys.argv[2])
model.train(max_epochs=40, enable_progress_bar=False, accelerator="cpu", **arguments)
np.save(f"{sys.argv[1]}.{model.trainer.global_rank}.npy", model.get_imputed_expression().X)
"""


def train(tmp_path, seed, where="in memory", **arguments):
    path = tmp_path / f"model{len(list(tmp_path.iterdir()))}"
    script = path.with_suffix(".py")
    script.write_text(SCRIPT, encoding="utf-8")
    process = subprocess.run(
        [sys.executable, str(script), str(seed), json.dumps(arguments), str(path), where],
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert process.returncode == 0, process.stderr[-3000:]
    files = sorted(tmp_path.glob(f"{path.name}.*.json"))
    return path, [json.loads(file.read_text(encoding="utf-8")) for file in files]


@pytest.mark.slow
def test_two_processes_do_as_well_as_one(tmp_path):
    alone = [train(tmp_path, seed)[1][0] for seed in range(3)]
    path, (first, second) = train(tmp_path, 0, devices=2, strategy=DDP)
    errors = [run["error"] for run in alone]
    spread = max(errors) - min(errors)
    assert min(errors) - spread < first["error"] < max(errors) + spread
    assert first["scale"] == second["scale"]
    np.testing.assert_array_equal(first["places"], second["places"])
    assert first["history"] == alone[0]["history"]
    assert first["steps"] >= alone[0]["steps"]
    assert (path / "model.safetensors").exists()


@pytest.mark.slow
def test_two_processes_align_sections_together(tmp_path):
    arguments = {"max_epochs": 20, "plan_kwargs": {"alignment": "adversarial"}}
    arguments |= {"devices": 2, "strategy": DDP}
    _, (first, second) = train(tmp_path, 0, "two sections", **arguments)
    assert "alignment_loss_train" in first["history"]
    assert first["scale"] == second["scale"]
    np.testing.assert_array_equal(first["places"], second["places"])


@pytest.mark.slow
def test_two_processes_share_what_is_on_disk_and_have_a_section_each(tmp_path):
    arguments = {"max_epochs": 120, "batch_size": 64}
    _, (alone,) = train(tmp_path, 0, "on disk", **arguments)
    _, (first, second) = train(tmp_path, 0, "on disk", devices=2, strategy=DDP, **arguments)
    assert first["steps"] == second["steps"] == 120 * 4
    assert alone["steps"] == 120 * 7
    np.testing.assert_array_equal(first["places"], second["places"])
    assert abs(first["error"] - alone["error"]) < 0.05


@pytest.mark.slow
def test_two_processes_find_the_surfaces_of_one(tmp_path):
    script, path = tmp_path / "train.py", tmp_path / "model"
    script.write_text(SPATIAL_SCRIPT, encoding="utf-8")
    subprocess.run([sys.executable, str(script), str(path), DDP], check=True, timeout=600)
    first, second = (np.load(f"{path}.{rank}.npy") for rank in range(2))
    np.testing.assert_allclose(first, second, atol=1e-6)
    model = dpvae.model.load(path)
    np.testing.assert_allclose(model.get_latent_representation(batch_size=33), first, atol=1e-6)
    model._keep_reference(None)  # exact surfaces do not depend on who found them
    np.testing.assert_allclose(model.get_latent_representation(), first, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("order", ["together", "cells_first"])
def test_two_processes_impute_as_well_as_one(tmp_path, order):
    script = tmp_path / "train.py"
    script.write_text(JOINT_SCRIPT, encoding="utf-8")
    plan = {"plan_kwargs": {"alignment": "adversarial"}} if order == "cells_first" else {}
    for name, arguments in (("one", {}), ("two", {"devices": 2, "strategy": DDP})):
        given = [json.dumps(arguments | plan), json.dumps({"order": order})]
        path = str(tmp_path / name)
        subprocess.run([sys.executable, str(script), path, *given], check=True, timeout=600)
    one, first, second = (np.load(tmp_path / f"{name}.npy") for name in ("one.0", "two.0", "two.1"))
    np.testing.assert_allclose(first, second, atol=1e-5)
    section = dpvae.datasets.simulated_tissue(600, 60, seed=0)
    true = np.log1p(section[300:, 40:].X.toarray())
    reached = [
        np.mean([np.corrcoef(*gene)[0, 1] for gene in zip(found.T, true.T, strict=True)])
        for found in (one, first)
    ]
    assert reached[0] > 0.15
    assert reached[1] > reached[0] - 0.03


@pytest.mark.slow
def test_a_notebook_trains_in_two_processes(tmp_path):
    strategy = "ddp_notebook_find_unused_parameters_true"
    arguments = {"devices": 2, "strategy": strategy, "max_epochs": 40, "train_size": 0.9}
    _, (run,) = train(tmp_path, 0, **arguments)
    assert "distance_loss_train" in run["history"]
    assert run["error"] < 0.3


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, 1),
        ({"devices": 4}, 1),
        ({"devices": 2, "strategy": DDP}, 2),
        ({"devices": "2", "strategy": DDP}, 2),
        ({"devices": [0, 1, 3], "strategy": "ddp"}, 3),
        ({"devices": 2, "strategy": "ddp", "num_nodes": 3}, 6),
        ({"strategy": "ddp", "accelerator": "cpu"}, 1),
    ],
)
def test_processes_are_counted(arguments, expected):
    assert n_processes(arguments) == expected


def test_more_processes_than_cores_are_refused(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    arguments = {"devices": 3, "strategy": DDP, "accelerator": "cpu"}
    with pytest.raises(ValueError, match="asks for 3 processes, and this machine has 2 cores"):
        for_processes(arguments, 1000)


def test_more_processes_than_gpus_are_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(ValueError, match="asks for 2 processes, and this machine has 1 GPUs"):
        for_processes({"devices": 2, "strategy": DDP}, 1000)


def test_too_few_cells_are_refused(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    arguments = {"devices": 4, "strategy": DDP, "accelerator": "cpu", "train_size": 1.0}
    with pytest.raises(ValueError, match="11 cells are too few for 4 processes"):
        for_processes(arguments, 11)
    assert for_processes(arguments, 12)["shuffle_set_split"] is False


def test_validation_parts_that_would_differ_are_refused(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    arguments = {"devices": 2, "strategy": DDP, "accelerator": "cpu", "train_size": 0.9}
    assert for_processes(arguments, 100) == arguments | {"use_distributed_sampler": False}
    monkeypatch.setattr(scvi.settings, "_seed", None)
    with pytest.raises(ValueError, match=r"set scvi\.settings\.seed = 0"):
        for_processes(arguments, 100)


def test_early_stopping_that_does_not_work_is_warned_of(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    arguments = {"devices": 2, "strategy": DDP, "accelerator": "cpu", "early_stopping": True}
    with pytest.warns(UserWarning, match="no early stopping with this strategy"):
        for_processes(arguments, 100)
    assert for_processes({"early_stopping": True}, 100) == {"early_stopping": True}


@pytest.mark.slow
def test_two_processes_leave_out_a_last_minibatch_of_one_cell(tmp_path):
    arguments = {"max_epochs": 2, "batch_size": 199, "devices": 2, "strategy": DDP}
    _, (first, second) = train(tmp_path, 0, **arguments)
    assert first["steps"] == second["steps"] == 2
