"""Niches of held-out cells: python -m benchmarks.niches FOLDER RESULTS."""

import argparse
import time
from pathlib import Path

from benchmarks.finished_runs import FinishedRuns
from benchmarks.niches.methods import METHODS, measured
from benchmarks.niches.page import page
from benchmarks.niches.problems import SECTIONS, SPLITS, problem_of, sections_of
from benchmarks.quiet import run_quietly

KEYS = ["section", "split", "seed", "method"]


def arguments():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.niches", description=__doc__)
    parser.add_argument("folder", type=Path, help="h5ad files with cell types")
    parser.add_argument("results", type=Path, help="CSV file; what it holds is not run again")
    parser.add_argument("--sections", nargs="+", default=list(SECTIONS), choices=SECTIONS)
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=METHODS)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--page", type=Path, help="file to write the tables to, as docs has them")
    return parser.parse_args()


def planned(options):
    """Section, split and seed of every problem."""
    for section in sections_of(options.folder):
        if section.name in options.sections:
            for seed in options.seeds:
                yield from ((section, kind, seed) for kind in SPLITS)


def main():
    options = arguments()
    run_quietly()
    finished = FinishedRuns(options.results, KEYS)
    for section, kind, seed in planned(options):
        left = [m for m in options.methods if not finished.hold(section.name, kind, seed, m)]
        if not left:
            continue
        problem = problem_of(section, kind, seed)
        for method in left:
            begin = time.process_time()
            row = dict(zip(KEYS, (section.name, kind, seed, method), strict=True))
            row |= measured(problem, method) | {"seconds": time.process_time() - begin}
            finished.add([row])
            print(*row.values(), sep=", ", flush=True)
    if options.page is not None:
        options.page.write_text(page(finished.table()), "utf-8")


if __name__ == "__main__":
    main()
