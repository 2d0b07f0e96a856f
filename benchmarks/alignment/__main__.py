"""Sections made alike while they are learned: python -m benchmarks.alignment FOLDER --pairs …"""

import argparse
import itertools
from pathlib import Path

from benchmarks.accuracy.runs import default_results
from benchmarks.accuracy.sections import ARROW, folder_sections, pairs
from benchmarks.alignment.page import write_page
from benchmarks.alignment.runs import development, execute, read, reported


def arguments():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.alignment", description=__doc__)
    parser.add_argument("folder", type=Path, help="h5ad files with obsm['spatial']")
    parser.add_argument("--pairs", nargs="+", help=f"'one{ARROW}another'; by default all pairs")
    parser.add_argument("--development", help="the pair that weights are compared on")
    parser.add_argument("--kernel", type=float, help="weight, to be reported on the pairs")
    parser.add_argument("--adversarial", type=float, help="weight, to be reported on the pairs")
    parser.add_argument("--cells", type=int, default=2_000, help="random cells of each section")
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
    runs = list(development(options.development, options.cells)) if options.development else []
    if None not in weights.values():
        for seed, pair in itertools.product(range(options.seeds), chosen):
            runs += reported(pair, options.cells, seed, weights, options.models)
    if not runs:
        message = "Name the pair that weights are compared on, or the weights to be reported."
        raise SystemExit(message)
    results = options.results or default_results(options.folder).with_name("alignment.csv")
    execute(runs, str(options.folder), results, options.processes)
    write_page(read(results), chosen, options.development, options.page)


if __name__ == "__main__":
    main()
