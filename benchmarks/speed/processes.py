import json
import subprocess
import sys
import time

import pandas as pd
import scvi
import torch

from benchmarks.speed.training import logarithms, section
from dpvae.cli.held_out import hide_places
from dpvae.metrics import procrustes_disparity
from dpvae.model import DPVAE

N_CELLS, N_GENES = 4_000, 500
STRATEGY = "ddp_find_unused_parameters_true"


def tables(*, quick):
    rows = []
    for n_processes in (1, 2):
        for seed in range(1 if quick else 3):
            command = [
                sys.executable,
                "-m",
                "benchmarks.speed.processes",
                str(n_processes),
                str(seed),
            ]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            printed = next(line for line in done.stdout.splitlines() if line.startswith("{"))
            rows.append(json.loads(printed))
    found = pd.DataFrame(rows)
    title = f"Several processes on one machine (gloo), {N_CELLS:,} cells x {N_GENES:,} genes"
    return [(title, found.groupby(["processes", "steps"], as_index=False).agg(_listed))]


def _listed(values):
    return ", ".join(map(str, values))


def held_out(n_processes, seed):
    torch.set_num_threads(1)
    adata = logarithms(section(N_CELLS, N_GENES))
    truth = adata.obsm["spatial"]
    reference, query = hide_places(adata, spatial_key="spatial")
    scvi.settings.seed = seed
    DPVAE.setup_anndata(reference)
    model = DPVAE(reference)
    together = {} if n_processes == 1 else {"devices": n_processes, "strategy": STRATEGY}
    begin = time.perf_counter()
    model.train(accelerator="cpu", enable_progress_bar=False, **together)
    seconds = time.perf_counter() - begin
    if not model.trainer.is_global_zero:
        return
    places = model.predict_coordinates(query)
    error = procrustes_disparity(truth[adata.obs_names.isin(query.obs_names)], places)
    found = {"processes": n_processes, "steps": model.trainer.global_step}
    print(json.dumps({**found, "held-out Procrustes": round(error, 4), "s": round(seconds)}))


if __name__ == "__main__":
    held_out(int(sys.argv[1]), int(sys.argv[2]))
