"""Which models are trained on which pairs of sections, and what is done already."""

import logging
import multiprocessing
import time
import warnings
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, astuple, dataclass
from functools import partial

import pandas as pd
import torch

from benchmarks.accuracy.problem import cross_problem
from benchmarks.accuracy.sections import ARROW
from benchmarks.accuracy.worker import load
from benchmarks.alignment.methods import POOLED, SIMPLE, ZERO_SHOT, at_most, scored
from benchmarks.threads import one_thread_each

WEIGHTS = {"kernel": (1.0, 3.0, 10.0), "adversarial": (0.1, 0.3, 1.0)}


@dataclass(frozen=True)
class Run:
    """One method on one pair of sections, or on random cells of each."""

    pair: str
    n_cells: int
    seed: int
    model: str
    method: str
    weight: float = 0.0


def development(pair, n_cells, seed=0):
    """All weights, and what needs no alignment."""
    yield from reported(pair, n_cells, seed, {}, ["DPVAE"])
    for kind, weights in WEIGHTS.items():
        for weight in weights:
            yield Run(pair, n_cells, seed, "DPVAE", kind, weight)


def reported(pair, n_cells, seed, weights, models):
    """The chosen weights, and what needs no alignment."""
    for method in SIMPLE:
        yield Run(pair, n_cells, seed, "", method)
    for model in models:
        yield Run(pair, n_cells, seed, model, ZERO_SHOT)
        for kind, weight in {POOLED: 0.0, **weights}.items():
            yield Run(pair, n_cells, seed, model, kind, weight)


def attempt(run, folder):
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    torch.set_num_threads(1)
    one, two = (at_most(load(name, folder), run.n_cells) for name in run.pair.split(ARROW))
    problem = cross_problem(one, two, run.seed)
    begin = time.perf_counter()
    scores = scored(problem, run.method, run.model, run.weight)
    return {**asdict(run), **scores, "seconds": time.perf_counter() - begin}


def execute(runs, folder, results, n_processes):
    """Do the runs that are not yet in the results, each in a process of its own."""
    table = read(results)
    done = (
        set(table[list(asdict(runs[0]))].itertuples(index=False, name=None)) if len(table) else ()
    )
    left = [run for run in runs if astuple(run) not in done]
    print(f"{len(runs) - len(left)} of {len(runs)} runs are done", flush=True)
    results.parent.mkdir(parents=True, exist_ok=True)
    context = multiprocessing.get_context("forkserver")
    pool = partial(ProcessPoolExecutor, n_processes, context, max_tasks_per_child=1)
    with one_thread_each(), pool() as workers:
        waiting = [workers.submit(attempt, run, folder) for run in left]
        for future in as_completed(waiting):
            row = pd.DataFrame([future.result()])
            pd.concat([table, row] if len(table := read(results)) else [row]).to_csv(
                results, index=False
            )
            print(row.round(3).to_string(index=False, header=False), flush=True)


def read(results):
    table = pd.read_csv(results) if results.exists() else pd.DataFrame()
    return table.fillna({"model": ""}) if len(table) else table
