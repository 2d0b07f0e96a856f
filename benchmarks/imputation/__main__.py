"""Hidden genes from dissociated cells: python -m benchmarks.imputation FOLDER RESULTS."""

import argparse
import itertools
from dataclasses import astuple
from pathlib import Path

from benchmarks.finished_runs import FinishedRuns
from benchmarks.imputation.figures import figures
from benchmarks.imputation.methods import ALONE, METHODS
from benchmarks.imputation.page import page
from benchmarks.imputation.pairs import FILES, N_FOLDS, read_pair
from benchmarks.imputation.runs import KEYS, Run, measured
from benchmarks.quiet import run_quietly


def arguments():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.imputation", description=__doc__)
    parser.add_argument("folder", type=Path, help="h5ad files of the pairs, see pairs.py")
    parser.add_argument("results", type=Path, help="CSV file; what it holds is not run again")
    parser.add_argument("--pairs", nargs="+", default=list(FILES), choices=list(FILES))
    parser.add_argument("--methods", nargs="+", default=list(ALONE), choices=list(METHODS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--folds", nargs="+", type=int, default=list(range(N_FOLDS)))
    parser.add_argument("--docs", type=Path, help="folder to write the page and figures to")
    return parser.parse_args()


def main():
    options = arguments()
    run_quietly()
    finished = FinishedRuns(options.results, KEYS)
    for name in options.pairs:
        pair = read_pair(options.folder, name)
        for values in itertools.product(options.seeds, options.folds, options.methods):
            run = Run(name, *values)
            if finished.hold(*astuple(run)):
                continue
            table = measured(run, pair)
            finished.add(table)
            scores = table[["pearson", "local_pearson", "cpu_seconds"]].mean().round(3)
            print(*astuple(run), *scores, sep=", ", flush=True)
    if options.docs is not None:
        results = finished.table()
        figures(results, options.docs / "_static" / "imputation")
        (options.docs / "benchmarks" / "imputation.md").write_text(page(results), "utf-8")


if __name__ == "__main__":
    main()
