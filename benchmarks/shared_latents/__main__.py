"""Cell types across technologies: python -m benchmarks.shared_latents FOLDER RESULTS."""

import argparse
import itertools
from pathlib import Path

from benchmarks.finished_runs import FinishedRuns
from benchmarks.quiet import run_quietly
from benchmarks.shared_latents.methods import METHODS
from benchmarks.shared_latents.page import page
from benchmarks.shared_latents.pairs import PAIRS, read_pair
from benchmarks.shared_latents.scores import scores

KEYS = ["pair", "seed", "method"]


def arguments():
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.shared_latents", description=__doc__
    )
    parser.add_argument("folder", type=Path, help="h5ad files of the pairs, see pairs.py")
    parser.add_argument("results", type=Path, help="CSV file; what it holds is not run again")
    parser.add_argument("--pairs", nargs="+", default=list(PAIRS), choices=list(PAIRS))
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=list(METHODS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--docs", type=Path, help="folder to write the page to")
    return parser.parse_args()


def main():
    options = arguments()
    run_quietly()
    finished = FinishedRuns(options.results, KEYS)
    for key in itertools.product(options.pairs, options.seeds, options.methods):
        if finished.hold(*key):
            continue
        name, seed, method = key
        pair = read_pair(options.folder, name, seed)
        found = scores(pair, *METHODS[method](pair, seed=seed))
        finished.add([dict(zip(KEYS, key, strict=True)) | found])
        print(*key, *(round(value, 3) for value in found.values()), sep=", ", flush=True)
    if options.docs is not None:
        results = finished.table()
        (options.docs / "benchmarks" / "shared_latents.md").write_text(page(results), "utf-8")


if __name__ == "__main__":
    main()
