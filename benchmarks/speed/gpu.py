"""How long a training takes on a GPU: python -m benchmarks.speed.gpu OUT.csv.

Both models, by number of cells and genes, up to a million cells: milliseconds a step, minutes of a
default training at this pace, prediction, posterior, memory. Each row is a process of its own, is
written as it ends, and is left out if eight minutes are over. ``--accelerator cpu`` measures one
thread of the processor, in seconds of the processor.
"""

import argparse
import json
import logging
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pandas as pd

SIZES = ((10_000, 300), (10_000, 2_000), (100_000, 300), (100_000, 2_000), (1_000_000, 2_000))
MODELS = ("DPVAE", "DPSCVI")
SECONDS = 450.0
AT_ONCE = 20_000  # cells that are drawn; more are copies of these
FROM_STEP, MOST_STEPS = 10, 400
PREDICTED = 10_000
BATCH_SIZE = 128


def cells_of(n_cells, n_genes):
    """Counts of which most are 0, with gradients over a square section."""
    import anndata
    import numpy as np
    from scipy.sparse import vstack

    from benchmarks.speed.training import section

    drawn = section(min(n_cells, AT_ONCE), n_genes)
    n_copies = -(-n_cells // drawn.n_obs)
    places = np.tile(drawn.obsm["spatial"], (n_copies, 1))[:n_cells]
    counts = vstack([drawn.X] * n_copies, format="csr")[:n_cells] if n_copies > 1 else drawn.X
    cells = anndata.AnnData(counts)
    cells.obsm["spatial"] = places + np.random.default_rng(1).normal(0, 1, places.shape)
    return cells


def measure(name, n_cells, n_genes, accelerator):
    """Row of one model, from this process."""
    import scvi
    import torch
    from lightning.pytorch import Callback

    import dpvae
    from benchmarks.speed.timing import peak_memory_gb
    from benchmarks.speed.training import logarithms
    from dpvae.model.training.epochs import suitable_steps

    on_gpu = accelerator != "cpu" and torch.cuda.is_available()
    clock = time.perf_counter if on_gpu else time.process_time
    torch.set_num_threads(1)
    scvi.settings.seed = 0
    cells = cells_of(n_cells, n_genes)
    cells = logarithms(cells) if name == "DPVAE" else cells
    model_class = getattr(dpvae.model, name)
    begin = clock()
    model_class.setup_anndata(cells)
    model = model_class(cells)
    found = {"setup": clock() - begin}

    class Pace(Callback):
        """Seconds of the steps after the first ones, which warm up."""

        def on_train_batch_end(self, trainer, *_):
            if trainer.global_step in (FROM_STEP, last):
                if on_gpu:
                    torch.cuda.synchronize()
                found[trainer.global_step] = clock()

    def keep(*arguments, kept=model._keep_reference):
        begin = clock()
        kept(*arguments)
        found["after"] = clock() - begin

    last = min(n_cells // BATCH_SIZE, MOST_STEPS)
    model._keep_reference = keep
    model.train(
        max_epochs=1,
        limit_train_batches=last,
        batch_size=BATCH_SIZE,
        callbacks=[Pace()],
        accelerator=accelerator,
        enable_progress_bar=False,
    )
    step = (found[last] - found[FROM_STEP]) / (last - FROM_STEP)
    query = cells[: min(PREDICTED, n_cells)].copy()
    del query.obsm["spatial"]
    for key, method in (("places", "predict_coordinates"), ("posterior", "predict_posterior")):
        getattr(model, method)(query[:200].copy())  # compiles
        begin = clock()
        getattr(model, method)(query)
        found[key] = (clock() - begin) / query.n_obs
    steps = suitable_steps(n_cells)
    return {
        "device": torch.cuda.get_device_name() if on_gpu else "CPU, one thread",
        "model": name,
        "cells": n_cells,
        "genes": n_genes,
        "setup, s": round(found["setup"], 2),
        "step, ms": round(1e3 * step, 2),
        "steps": steps,
        "after the steps, s": round(found["after"], 1),
        "training, min": round((found["setup"] + steps * step + found["after"]) / 60, 2),
        "place, ms a cell": round(1e3 * found["places"], 3),
        "posterior, ms a cell": round(1e3 * found["posterior"], 3),
        "memory, GB": round(peak_memory_gb(), 2),
        "memory of the GPU, GB": round(torch.cuda.max_memory_allocated() / 1e9, 2) if on_gpu else 0,
    }


def measured(out, sizes, accelerator, seconds=SECONDS):
    """Table of all rows for which there is time, written after each."""
    rows, end = [], time.monotonic() + seconds
    for n_cells, n_genes in sizes:
        for name in MODELS:
            command = [sys.executable, "-m", "benchmarks.speed.gpu", str(out), "--row", name]
            command += ["--sizes", f"{n_cells}x{n_genes}", "--accelerator", accelerator]
            try:
                run = subprocess.run(
                    command,
                    capture_output=True,
                    text=True,
                    check=True,
                    timeout=max(end - time.monotonic(), 0.0),
                )
            except subprocess.TimeoutExpired:
                print(f"No time for {name}, {n_cells:,} cells by {n_genes:,} genes.", flush=True)
                continue
            rows.append(json.loads(run.stdout.splitlines()[-1]))
            print(rows[-1], flush=True)
            pd.DataFrame(rows).to_csv(out, index=False)
    return pd.DataFrame(rows)


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed.gpu", description=__doc__)
    parser.add_argument("out", type=Path, help="CSV file that is written")
    parser.add_argument("--accelerator", default="gpu", choices=("gpu", "cpu"))
    parser.add_argument("--sizes", nargs="+", type=_size, default=SIZES, metavar="CELLSxGENES")
    parser.add_argument("--row", choices=MODELS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.row is None:
        measured(options.out, options.sizes, options.accelerator)
        return
    warnings.simplefilter("ignore")
    logging.disable(logging.INFO)
    print(json.dumps(measure(options.row, *options.sizes[0], options.accelerator)))


def _size(text):
    cells, genes = text.split("x")
    return int(cells), int(genes)


if __name__ == "__main__":
    main()
