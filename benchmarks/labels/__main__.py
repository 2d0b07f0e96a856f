"""Labels of held-out cells and sections: python -m benchmarks.labels FOLDER RESULTS."""

import argparse
import time
from pathlib import Path

from benchmarks.finished_runs import FinishedRuns
from benchmarks.labels.methods import ACROSS_ONLY, METHODS, sums_of_bins
from benchmarks.labels.page import N_BINS, page
from benchmarks.labels.problems import ARROW, N_FIFTHS, PAIRS, problem_of, sections_with_labels
from benchmarks.quiet import run_quietly

KEYS = ["section", "column", "fifth", "method"]


def arguments():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.labels", description=__doc__)
    parser.add_argument("folder", type=Path, help="h5ad files with labels")
    parser.add_argument("results", type=Path, help="CSV file; what it holds is not run again")
    parser.add_argument("--sections", nargs="+", default=[""], help="beginnings of names")
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=METHODS)
    parser.add_argument("--fifths", nargs="+", type=int, default=list(range(N_FIFTHS)))
    parser.add_argument("--page", type=Path, help="file to write the tables to, as docs has them")
    return parser.parse_args()


def planned(sections, options):
    """Section, label and fifth of every problem; whole sections by another one first."""
    for known, new in PAIRS:
        for name, column in sections:
            if name == known and (new, column) in sections:
                yield f"{known}{ARROW}{new}", column, 0
    for name, column in sections:
        yield from ((name, column, fifth) for fifth in options.fifths)


def measured(problem, method):
    """Sizes, the number of right labels, and how sure each bin is beyond what it should be."""
    begin = time.process_time()
    found = METHODS[method](problem)
    seconds = time.process_time() - begin
    n_right = int((found.argmax(axis=1) == problem.codes).sum())
    gaps = sums_of_bins(found, problem.codes, N_BINS)
    named = {f"gap_{number}": gap for number, gap in enumerate(gaps)}
    return {"n_cells": len(found), "n_right": n_right, "seconds": seconds, **named}


def main():
    options = arguments()
    run_quietly()
    finished = FinishedRuns(options.results, KEYS)
    sections = sections_with_labels(options.folder)
    for name, column, fifth in planned(sections, options):
        wanted = [m for m in options.methods if ARROW in name or m not in ACROSS_ONLY]
        left = [m for m in wanted if not finished.hold(name, column, fifth, m)]
        if not left or not name.startswith(tuple(options.sections)):
            continue
        problem = problem_of(sections, name, column, fifth)
        for method in left:
            row = dict(zip(KEYS, (name, column, fifth, method), strict=True))
            row |= measured(problem, method)
            finished.add([row])
            print(*row.values(), sep=", ", flush=True)
    if options.page is not None:
        options.page.write_text(page(finished.table()), "utf-8")


if __name__ == "__main__":
    main()
