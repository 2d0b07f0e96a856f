"""Train and predict from disk: python -m benchmarks.speed.larger_than_memory [CELLS ...].

Sections of the given sizes (100,000 by default) are written into the current folder, in parts, and
removed again: a million cells take 1.6 GB. Every row of the table is a process of its own.
"""

import json
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from anndata.io import write_elem

N_GENES = 2_000
PER_CELL = 200
BATCH_SIZE = 1_024
CELLS_AT_ONCE = 10_000
MOST_IN_MEMORY = 100_000
STEPS = ("setup", "model", "train", "predict")
TITLE = (
    f"From disk: one epoch and predict_coordinates, {N_GENES:,} genes of which {PER_CELL} in a "
    f"cell, minibatches of {BATCH_SIZE:,}"
)


def measured(sizes):
    rows = []
    with tempfile.TemporaryDirectory(dir=".") as folder:
        for n_cells in sizes:
            for name in ("DPVAE", "DPSCVI"):
                path = Path(folder) / f"{name}.h5ad"
                write_section(path, n_cells, logarithms=name == "DPVAE")
                for place in ("disk", "memory") if n_cells <= MOST_IN_MEMORY else ("disk",):
                    rows.append(_row(name, n_cells, place, path))
                    print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
                path.unlink()
    return pd.DataFrame(rows)


def write_section(path, n_cells, *, logarithms):
    """Write a square section, its cells in a random order, a few of them at a time."""
    rng = np.random.default_rng(0)
    places = rng.uniform(0, 1e4, (n_cells, 2))
    direction = rng.normal(size=(2, N_GENES)) * 3.0
    with h5py.File(path, "w") as file:
        file.attrs.update({"encoding-type": "anndata", "encoding-version": "0.1.0"})
        write_elem(file, "obs", pd.DataFrame(index=np.arange(n_cells).astype(str)))
        write_elem(file, "var", pd.DataFrame(index=np.arange(N_GENES).astype(str)))
        write_elem(file, "obsm", {"spatial": places})
        write_elem(file, "uns", {})
        matrix = file.create_group("X")
        matrix.attrs.update({"encoding-type": "csr_matrix", "encoding-version": "0.1.0"})
        matrix.attrs["shape"] = (n_cells, N_GENES)
        matrix["indptr"] = np.arange(n_cells + 1, dtype=np.int64) * PER_CELL
        n_stored = n_cells * PER_CELL
        chunks = (min(1 << 16, n_stored),)
        matrix.create_dataset("data", (n_stored,), "f4", chunks=chunks)
        matrix.create_dataset("indices", (n_stored,), "i4", chunks=chunks)
        for begin in range(0, n_cells, CELLS_AT_ONCE):
            here = places[begin : begin + CELLS_AT_ONCE] / 1e4 - 0.5
            strength = here @ direction + rng.gumbel(size=(len(here), N_GENES))
            genes = np.argpartition(-strength, PER_CELL, axis=1)[:, :PER_CELL]
            counts = 1.0 + rng.poisson(0.5, genes.shape)
            if logarithms:
                counts = np.log1p(300.0 * counts / counts.sum(axis=1, keepdims=True))
            part = slice(begin * PER_CELL, (begin + len(here)) * PER_CELL)
            matrix["indices"][part] = np.sort(genes, axis=1).ravel()
            matrix["data"][part] = counts.ravel()


def _row(name, n_cells, place, path):
    command = [sys.executable, "-m", "benchmarks.speed.larger_than_memory", name, place, str(path)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(run.stdout.splitlines()[-1])
    return {
        "model": name,
        "cells": f"{n_cells:,}",
        "read from": place,
        **{f"{step}, µs a cell": f"{1e6 * found[step] / n_cells:.0f}" for step in STEPS},
        "peak memory, GB": f"{found['peak']:.2f}",
        "of which libraries, GB": f"{found['libraries']:.2f}",
    }


def _run_one(name, place, path):
    """Seconds of every step and peak memory of this process."""
    import anndata
    import scvi
    import torch

    import dpvae
    from benchmarks.speed.timing import peak_memory_gb

    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    scvi.settings.seed = 0
    model_class = getattr(dpvae.model, name)
    found = {"libraries": peak_memory_gb()}
    adata = anndata.read_h5ad(path, backed="r" if place == "disk" else None)
    made = []
    steps = {
        "setup": lambda: model_class.setup_anndata(adata),
        "model": lambda: made.append(model_class(adata)),
        "train": lambda: made[0].train(
            max_epochs=1, batch_size=BATCH_SIZE, accelerator="cpu", enable_progress_bar=False
        ),
        "predict": lambda: made[0].predict_coordinates(batch_size=BATCH_SIZE),
    }
    for step, run in steps.items():
        begin = time.perf_counter()
        run()
        found[step] = time.perf_counter() - begin
    print(json.dumps(found | {"peak": peak_memory_gb()}))


def main():
    if sys.argv[1:2] in (["DPVAE"], ["DPSCVI"]):
        _run_one(*sys.argv[1:4])
        return
    sizes = [int(size) for size in sys.argv[1:]] or [MOST_IN_MEMORY]
    print(f"\n{TITLE}\n\n{measured(sizes).to_string(index=False)}")


if __name__ == "__main__":
    main()
