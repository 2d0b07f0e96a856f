"""Whole sections, placed by others: python -m benchmarks.cortex FOLDER RESULTS."""

import argparse
import time
from dataclasses import replace
from itertools import chain
from pathlib import Path

from benchmarks.cortex.methods import METHODS
from benchmarks.cortex.page import page
from benchmarks.cortex.scores import stored_scores, task_scores
from benchmarks.cortex.tasks import TISSUES, folder_tasks, luna_task
from benchmarks.finished_runs import FinishedRuns
from benchmarks.peers import folder_of_environments
from benchmarks.quiet import run_quietly

KEYS = ["task", "section", "method", "seed"]
STORED = "luna_mouse_cortex_predictions.csv.gz"
NEED_PEERS = "CeLEry's package, one reference"


def arguments():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cortex", description=__doc__)
    parser.add_argument("folder", type=Path, help="h5ad files, and LUNA's stored predictions")
    parser.add_argument("results", type=Path, help="CSV file; what it holds is not run again")
    parser.add_argument("--luna", nargs=2, type=Path, metavar=("TRAIN", "TEST"), help="its files")
    parser.add_argument("--tissues", nargs="+", default=list(TISSUES), choices=TISSUES)
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=METHODS)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--page", type=Path, help="file to write the tables to, as docs has them")
    return parser.parse_args()


def append(table, finished):
    finished.add(table)
    columns = ["section", "method", "spearman"]
    print(table[columns].round(3).to_string(index=False, header=False), flush=True)


def tasks(options):
    """Every task, prepared once for all seeds."""
    prepared = folder_tasks(options.folder, options.tissues)
    if options.luna:
        prepared = chain([luna_task(*options.luna)], prepared)
    for task in prepared:
        yield from (replace(task, seed=seed) for seed in options.seeds)


def main():
    options = arguments()
    run_quietly()
    finished = FinishedRuns(options.results, KEYS)
    stored = options.folder / STORED
    if stored.exists() and not (finished.table()["task"] == "LUNA's mouse cortex").any():
        table = stored_scores(stored).assign(task="LUNA's mouse cortex", seed=0, seconds=None)
        append(table, finished)
    for task in tasks(options):
        sections = {name for name, _ in task.sections()}
        for method in options.methods:
            done = finished.table()
            same = (done["task"] == task.name) & (done["method"] == method)
            same &= (done["seed"] == task.seed) & done["section"].isin(sections)
            if same.any() or (method == NEED_PEERS and folder_of_environments() is None):
                continue
            begin = time.process_time()
            table = task_scores(task, METHODS[method](task))
            if len(table):
                seconds = time.process_time() - begin
                how = {"task": task.name, "method": method, "seed": task.seed, "seconds": seconds}
                append(table.assign(**how), finished)
    if options.page is not None:
        options.page.write_text(page(finished.table()), "utf-8")


if __name__ == "__main__":
    main()
