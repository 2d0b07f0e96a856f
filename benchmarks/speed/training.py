import logging
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import scanpy as sc
import scvi
import torch
from anndata import AnnData
from scipy.sparse import csr_matrix, vstack
from scvi.model import SCVI
from scvi.train import TrainingPlan
from scvi.train._logger import SimpleLogger

from benchmarks.speed.timing import peak_memory_gb
from dpvae.model import DPSCVI, DPVAE
from dpvae.module.all_pairs import AllPairsError

OF_SCVI = {"n_hidden": 128, "n_layers": 1, "dropout_rate": 0.1, "gene_likelihood": "zinb"}
AS_SCVI = {"input_dropout": 0.0, "gene_weights": "equal", "normalize_depth": False}
PLAN_OF_SCVI = {
    "optimizer": "Adam",
    "lr": 1e-3,
    "weight_decay": 1e-6,
    "eps": 0.01,
    "n_epochs_kl_warmup": 400,
}
OF_PAPER = {
    "n_hidden": 128,
    "n_layers": 1,
    "n_latent": 2,
    "dropout_rate": 0.0,
    "input_dropout": 0.0,
    "distance_latent": "sample",
    "gene_weights": "equal",
}
PLAN_OF_PAPER = {"optimizer": "Adam", "lr": 1e-3, "weight_decay": 0.0, "eps": 0.01}
PLAN_OF_PAPER |= {"n_epochs_kl_warmup": None, "n_steps_kl_warmup": None}
SLOW = "loop of scvi-tools, distances by torch"
TAKES = AllPairsError.takes


class PlainDPVAE(DPVAE):
    """DPVAE on the training plan and the logger of scvi-tools."""

    _training_plan_cls = TrainingPlan


def section(n_cells, n_genes=2_000, seed=0):
    """Counts of which 87 of 100 are 0, with gradients over a square section."""
    genes, rng = np.random.default_rng(0), np.random.default_rng(seed)
    level, slope = genes.gamma(0.3, 0.5, n_genes), 0.7 * genes.normal(size=(2, n_genes))
    places = rng.uniform(-1, 1, size=(n_cells, 2))
    blocks = [
        csr_matrix(rng.poisson(level * np.exp(block @ slope)).astype(np.float32))
        for block in np.array_split(places, -(-n_cells // 5_000))
    ]
    adata = AnnData(vstack(blocks, format="csr"))
    adata.obsm["spatial"] = 1_000 * places
    return adata


def seconds_of(make, *, steps_only=True, **arguments):
    """Seconds of the steps of a training, or of all that ``train`` does, and the model."""
    scvi.settings.seed = 0
    model = make()
    if steps_only:
        model._keep_reference = lambda _: None
    begin = time.perf_counter()
    model.train(enable_progress_bar=False, **arguments)
    return time.perf_counter() - begin, model


def scvi_of(adata):
    SCVI.setup_anndata(adata)
    return SCVI(adata, **OF_SCVI)


def dpscvi_of(adata, dp_weight=3.0, **options):
    DPSCVI.setup_anndata(adata)
    return DPSCVI(adata, dp_weight=dp_weight, **{**OF_SCVI, **AS_SCVI, **options})


def default_dpscvi(adata):
    DPSCVI.setup_anndata(adata)
    return DPSCVI(adata)


def dpvae_of(adata, cls=DPVAE, **options):
    cls.setup_anndata(adata)
    return cls(adata, **options)


def logarithms(adata):
    adata = adata.copy()
    sc.pp.normalize_total(adata)
    sc.pp.log1p(adata)
    return adata


def in_turns(makers, repeats):
    """Median seconds of trainings that are run in turns, and the last models."""
    seconds, models = {name: [] for name in makers}, {}
    for _ in range(repeats):
        for name, (make, arguments) in makers.items():
            takes = staticmethod(lambda _: False) if name == SLOW else staticmethod(TAKES)
            AllPairsError.takes = takes
            taken, models[name] = seconds_of(make, **arguments)
            seconds[name].append(taken)
    return {name: float(np.median(values)) for name, values in seconds.items()}, models


def against_scvi(*, quick):
    rows = []
    own = {"check_val_every_n_epoch": 1_000, "plan_kwargs": PLAN_OF_SCVI}
    for n_cells, epochs in ((5_000, 4),) if quick else ((5_000, 10), (100_000, 1)):
        adata = section(n_cells)
        test = section(1_000, seed=1)
        for threads in (1, 4):
            torch.set_num_threads(threads)
            shared = {"max_epochs": epochs, "train_size": 0.9, "steps_only": False}
            own = {**own, "n_threads": threads}
            makers = {
                "SCVI": (lambda adata=adata: scvi_of(adata), shared),
                "DPSCVI, dp_weight=0": (lambda adata=adata: dpscvi_of(adata, 0.0), shared | own),
                "DPSCVI": (lambda adata=adata: dpscvi_of(adata), shared | own),
            }
            if threads > 1:
                default = shared | own | {"n_threads": None}
                makers["DPSCVI, default threads"] = (lambda adata=adata: dpscvi_of(adata), default)
            seconds, models = in_turns(makers, 1 if quick or n_cells > 5_000 else 3)
            for name, model in models.items():
                elbo = float(model.history["elbo_train"].iloc[-1, 0])
                steps = model.trainer.global_step
                rows.append(
                    {
                        "cells": f"{n_cells:,}",
                        "threads": threads,
                        "model": name,
                        "s": f"{seconds[name]:.1f}",
                        "ms a step": f"{1e3 * seconds[name] / steps:.1f}",
                        "times faster": f"{seconds['SCVI'] / seconds[name]:.2f}",
                        "ELBO": f"{elbo:.3f}",
                        "ELBO of 1,000 new cells": f"{new_elbo(model, test):.2f}",
                    }
                )
    torch.set_num_threads(1)
    return pd.DataFrame(rows)


def new_elbo(model, test):
    scvi.settings.seed = 0
    return float(model.get_elbo(test.copy()))


def paper_size(*, quick):
    adata = logarithms(section(1_000, 100))
    arguments = {"max_epochs": 50 if quick else 300, "batch_size": 1_000, "train_size": 1.0}
    arguments |= {"plan_kwargs": PLAN_OF_PAPER}
    plain = arguments | {"logger": SimpleLogger()}
    makers = {
        SLOW: (lambda: dpvae_of(adata, PlainDPVAE, **OF_PAPER), plain),
        "loop of scvi-tools": (lambda: dpvae_of(adata, PlainDPVAE, **OF_PAPER), plain),
        "dpvae": (lambda: dpvae_of(adata, **OF_PAPER), arguments),
    }
    seconds, models = in_turns(makers, 1 if quick else 5)
    return pd.DataFrame(
        {
            "training": name,
            "ms a step": f"{1e3 * seconds[name] / arguments['max_epochs']:.2f}",
            "dpvae is times faster": f"{seconds[name] / seconds['dpvae']:.2f}",
            "last loss": f"{model.history['train_loss'].iloc[-1, 0]:.4f}",
        }
        for name, model in models.items()
    )


def distance_term(*, quick):
    rows = []
    counts = section(2_048 if quick else 4_096)
    expression = logarithms(counts)
    for batch_size in (128, 1_024) if quick else (128, 512, 1_024):
        for name, make, data in (
            ("DPVAE", dpvae_of, expression),
            ("DPSCVI", default_dpscvi, counts),
        ):
            rows.append(
                {"model": name, "minibatch": batch_size, **share_of_term(make(data), batch_size)}
            )
    return pd.DataFrame(rows)


def share_of_term(model, batch_size):
    """Milliseconds of the distance term, with its gradient, and of a whole step."""
    module = model.module.train()
    loader = model._make_data_loader(model.adata, batch_size=batch_size)
    tensors = next(iter(loader))
    optimizer = torch.optim.AdamW(module.parameters(), fused=True)
    latent = torch.randn(batch_size, module.n_latent, requires_grad=True)
    coordinates, codes = tensors["coordinates"], tensors["section"]
    steps, terms = [], []
    for _ in range(15):
        begin = time.perf_counter()
        optimizer.zero_grad()
        module(tensors)[2].loss.backward()
        optimizer.step()
        middle = time.perf_counter()
        module.distance_term(latent, coordinates, codes).backward()
        steps.append(middle - begin)
        terms.append(time.perf_counter() - middle)
    step, term = 1e3 * np.median(steps), 1e3 * np.median(terms)
    return {
        "step ms": f"{step:.1f}",
        "distance term ms": f"{term:.2f}",
        "share": f"{100 * term / step:.1f} %",
    }


def sizes(*, quick):
    """Milliseconds a step of the defaults, one thing changed at a time."""
    rows = []
    for n_genes in (500, 2_000) if quick else (500, 2_000, 8_000):
        rows += steps_of(f"{n_genes:,} genes", section(2_048, n_genes))
    if quick:
        return pd.DataFrame(rows)
    adata = section(4_096)
    for batch_size in (128, 512, 2_048):
        rows += steps_of(f"minibatches of {batch_size:,}", adata, batch_size=batch_size)
    for n_latent in (2, 10, 50):
        rows += steps_of(f"{n_latent} latents", adata, n_latent=n_latent)
    return pd.DataFrame(rows)


def steps_of(title, counts, batch_size=128, **options):
    found = {"changed": title}
    for cls, data in ((DPVAE, logarithms(counts)), (DPSCVI, counts)):
        seconds, model = seconds_of(
            lambda cls=cls, data=data: dpvae_of(data, cls, **options),
            max_epochs=max(2 * batch_size // 128, 1),
            batch_size=batch_size,
        )
        per_step = 1e3 * seconds / model.trainer.global_step
        found[f"{cls.__name__}, ms a step"] = f"{per_step:.1f}"
        found[f"{cls.__name__}, microseconds a cell"] = f"{1e3 * per_step / batch_size:.0f}"
    return [found]


def cells(*, quick):
    """One epoch in a process of its own for each number of cells."""
    rows = []
    for n_cells in (5_000,) if quick else (5_000, 20_000, 100_000):
        for name in ("DPVAE", "DPSCVI"):
            command = [sys.executable, "-m", "benchmarks.speed.training", name, str(n_cells)]
            printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            setup, train, memory = map(float, printed.split()[-3:])
            rows.append(
                {
                    "cells": f"{n_cells:,}",
                    "model": name,
                    "making the model, s": f"{setup:.1f}",
                    "one epoch and layout, s": f"{train:.1f}",
                    "microseconds a cell": f"{1e6 * train / n_cells:.0f}",
                    "peak memory of the process, GB": f"{memory:.2f}",
                }
            )
    return pd.DataFrame(rows)


def one_epoch(name, n_cells):
    counts = section(n_cells)
    data = logarithms(counts) if name == "DPVAE" else counts
    torch.set_num_threads(1)
    begin = time.perf_counter()
    model = dpvae_of(data, {"DPVAE": DPVAE, "DPSCVI": DPSCVI}[name])
    made = time.perf_counter()
    model.train(max_epochs=1, enable_progress_bar=False)
    print(made - begin, time.perf_counter() - made, peak_memory_gb())


def tables(*, quick):
    for name in ("lightning.pytorch", "lightning.pytorch.utilities.rank_zero"):
        logging.getLogger(name).setLevel(logging.ERROR)
    torch.set_num_threads(1)
    yield "A model of the paper's size, all cells in a minibatch", paper_size(quick=quick)
    yield "What the distance term costs", distance_term(quick=quick)
    yield "Steps of the defaults, 2,000 genes unless said otherwise", sizes(quick=quick)
    yield "By number of cells, in memory", cells(quick=quick)
    yield "Against scvi.model.SCVI, its own size and arguments", against_scvi(quick=quick)


if __name__ == "__main__":
    logging.disable(logging.INFO)
    one_epoch(sys.argv[1], int(sys.argv[2]))
