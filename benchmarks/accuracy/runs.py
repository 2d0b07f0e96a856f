"""Runs of methods on splits of sections, several at a time; what is done is not done again."""

import multiprocessing
import platform
import resource
import time
import traceback
import warnings
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import astuple, dataclass, fields
from functools import partial
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from benchmarks.accuracy.sections import ARROW, pairs, pools
from benchmarks.accuracy.splits import CROSS, POOLED
from benchmarks.threads import one_thread_each


@dataclass(frozen=True)
class Run:
    """One method on one split of one section, "one to another" of two, or of more."""

    section: str
    split: str
    seed: int
    method: str


KEYS = [field.name for field in fields(Run)]


def planned(sections, splits, seeds, methods, need_counts, can_pool=()):
    """Every combination that is possible, seeds outermost, so that early results are complete."""
    counted = {section.name for section in sections if section.holds_counts}
    within = [(section.name,) for section in sections]
    among = {CROSS: pairs(sections), POOLED: pools(sections)}
    return [
        Run(ARROW.join(names), split, seed, method)
        for seed in seeds
        for split in splits
        for names in among.get(split, within)
        for method in methods
        if counted.issuperset(names) or method not in need_counts
        if split != POOLED or method in can_pool
    ]


def finished(results):
    """Rows of the runs that are done, or an empty table."""
    return pd.read_csv(results) if results.exists() else pd.DataFrame(columns=KEYS)


def execute(runs, source, results, n_processes):
    """Do the runs that are not yet in the results, and append each as it ends.

    Every run has a process of its own with one thread, so that its seconds and its memory are its
    own and no run can harm another. A run that fails is reported, left out, and tried again next
    time.
    """
    done = set(finished(results)[KEYS].itertuples(index=False, name=None))
    left = [run for run in runs if astuple(run) not in done]
    print(f"{len(runs) - len(left)} of {len(runs)} runs are done", flush=True)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["benchmarks.accuracy.worker"])
    results.parent.mkdir(parents=True, exist_ok=True)
    workers = partial(ProcessPoolExecutor, n_processes, context, max_tasks_per_child=1)
    with one_thread_each(), workers() as pool:
        waiting = {pool.submit(_attempt, run, source): run for run in left}
        for n_ended, future in enumerate(as_completed(waiting), 1):
            row = future.result()
            if "error" in row:
                print(f"FAILED {astuple(waiting[future])}\n{row['error']}", flush=True)
                continue
            _append(row, results)
            _report(n_ended, len(left), row)


def _append(row, results):
    """Add a row; if the file has other columns, write it anew with both."""
    before = finished(results)
    table = pd.DataFrame([row])
    if results.exists() and list(before.columns) == list(table.columns):
        table.to_csv(results, mode="a", header=False, index=False)
    else:
        pd.concat([before, table] if len(before) else [table]).to_csv(results, index=False)


def _attempt(run, source):
    from benchmarks.accuracy.worker import scored

    warnings.simplefilter("ignore")
    begin = time.perf_counter()
    try:
        scores = scored(run, source)
    except Exception:  # noqa: BLE001
        return {"error": traceback.format_exc(limit=-4)}
    return {
        **dict(zip(KEYS, astuple(run), strict=True)),
        **scores,
        "total_seconds": time.perf_counter() - begin,
        "peak_gb": peak_memory(),
        "versions": versions(),
    }


def peak_memory():
    """Largest memory of this process or of one that it started, in GB."""
    own, others = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
    return max(resource.getrusage(who).ru_maxrss for who in (own, others)) / 1e6


def versions():
    """Versions that a result may depend on."""
    packages = ("dpvae", "scvi-tools", "torch", "numpy", "scikit-learn")
    return f"python {platform.python_version()}; " + "; ".join(
        f"{package} {version(package)}" for package in packages
    )


def _report(n_ended, n_left, row):
    name = f"{row['section']}, {row['split']}, seed {row['seed']}, {row['method']}"
    print(
        f"{n_ended}/{n_left} {name}: {row['procrustes_disparity']:.4f}, {row['seconds']:.0f} s",
        flush=True,
    )


def default_results(folder):
    """Where results go, in the current folder: a file named after the folder of sections."""
    return Path("accuracy_results") / f"{folder.resolve().name}.csv"
