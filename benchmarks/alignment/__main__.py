"""Sections made alike while they are learned: python -m benchmarks.alignment FOLDER --pairs …"""

import argparse
import itertools
import logging
import multiprocessing
import os
import time
import warnings
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, astuple, dataclass
from pathlib import Path

import pandas as pd

from benchmarks.accuracy.runs import ARROW, THREADS, default_results
from benchmarks.accuracy.sections import folder_sections, pairs
from benchmarks.alignment.page import write_page
from benchmarks.alignment.methods import KINDS, POOLED, SIMPLE, ZERO_SHOT

WEIGHTS = (0.3, 1.0, 3.0)


@dataclass(frozen=True)
class Run:
    """One method on one pair of sections; weight and batch are of the pooled models."""

    pair: str
    seed: int
    model: str
    method: str
    weight: float = 0.0
    batch: bool = False


def development(pair, seed):
    """All weights, with and without sections as batches of the decoder."""
    for batch in (False, True):
        yield Run(pair, seed, "DPVAE", POOLED, 0.0, batch)
        for kind, weight in itertools.product(KINDS, WEIGHTS):
            yield Run(pair, seed, "DPVAE", kind, weight, batch)


def reported(pair, seed, weights, models, batch):
    """The chosen weights beside what needs no alignment."""
    for method in SIMPLE:
        yield Run(pair, seed, "", method)
    for model in models:
        yield Run(pair, seed, model, ZERO_SHOT)
        yield Run(pair, seed, model, POOLED, 0.0, batch)
        for kind, weight in weights.items():
            yield Run(pair, seed, model, kind, weight, batch)


def attempt(run, folder):
    import torch

    from benchmarks.accuracy.problem import cross_problem
    from benchmarks.accuracy.worker import load
    from benchmarks.alignment.methods import at_most, scored

    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    torch.set_num_threads(1)
    one, two = (at_most(load(name, folder)) for name in run.pair.split(ARROW))
    problem = cross_problem(one, two, run.seed)
    begin = time.perf_counter()
    scores = scored(problem, run.method, run.model, run.weight, run.batch)
    return {**asdict(run), **scores, "seconds": time.perf_counter() - begin}


def execute(runs, folder, results, n_processes):
    """Do the runs that are not yet in the results, each in a process of its own."""
    table = read(results)
    done = set(table[list(asdict(runs[0]))].itertuples(index=False, name=None)) if len(table) else ()
    left = [run for run in runs if astuple(run) not in done]
    print(f"{len(runs) - len(left)} of {len(runs)} runs are done", flush=True)
    for library in THREADS:
        os.environ[f"{library}_NUM_THREADS"] = "1"
    results.parent.mkdir(parents=True, exist_ok=True)
    context = multiprocessing.get_context("forkserver")
    with ProcessPoolExecutor(n_processes, context, max_tasks_per_child=1) as workers:
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


def arguments():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.alignment", description=__doc__)
    parser.add_argument("folder", type=Path, help="h5ad files with obsm['spatial']")
    parser.add_argument("--pairs", nargs="+", help=f"'one{ARROW}another'; by default all pairs")
    parser.add_argument("--development", help="the pair that weights are compared on")
    parser.add_argument("--kernel", type=float, help="weight, to be reported on the pairs")
    parser.add_argument("--adversarial", type=float, help="weight, to be reported on the pairs")
    parser.add_argument("--batch", action="store_true", help="tell the decoder the section")
    parser.add_argument("--models", nargs="+", default=["DPVAE"])
    parser.add_argument("--seeds", type=int, default=1, help="number of seeds")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--results", type=Path, help="CSV file; what it holds is not run again")
    parser.add_argument("--page", type=Path, default=Path("docs/benchmarks/alignment.md"))
    return parser.parse_args()


def main():
    options = arguments()
    chosen = options.pairs or [ARROW.join(pair) for pair in pairs(folder_sections(options.folder))]
    chosen = [pair for pair in chosen if pair != options.development]
    weights = {"kernel": options.kernel, "adversarial": options.adversarial}
    runs = list(development(options.development, 0)) if options.development else []
    if None not in weights.values():
        for seed, pair in itertools.product(range(options.seeds), chosen):
            runs += reported(pair, seed, weights, options.models, options.batch)
    results = options.results or default_results(options.folder).with_name("alignment.csv")
    execute(runs, str(options.folder), results, options.processes)
    write_page(read(results), chosen, options.development, weights, options.page)


if __name__ == "__main__":
    main()
