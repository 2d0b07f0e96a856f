"""Niches of held-out cells: python -m benchmarks.niches FOLDER RESULTS."""

import argparse
import logging
import time
import warnings
from pathlib import Path

import pandas as pd
import torch

from benchmarks.niches.methods import METHODS, measured
from benchmarks.niches.page import page
from benchmarks.niches.problems import SECTIONS, SPLITS, problem_of, sections_of

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


def finished(results):
    """All runs that are done."""
    return pd.read_csv(results) if results.exists() else pd.DataFrame(columns=KEYS)


def planned(options):
    """Section, split and seed of every problem."""
    for section in sections_of(options.folder):
        if section.name in options.sections:
            for seed in options.seeds:
                yield from ((section, kind, seed) for kind in SPLITS)


def main():
    options = arguments()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    torch.set_num_threads(1)
    for section, kind, seed in planned(options):
        done = set(finished(options.results)[KEYS].itertuples(index=False, name=None))
        left = [m for m in options.methods if (section.name, kind, seed, m) not in done]
        if not left:
            continue
        problem = problem_of(section, kind, seed)
        for method in left:
            begin = time.process_time()
            row = dict(zip(KEYS, (section.name, kind, seed, method), strict=True))
            row |= measured(problem, method) | {"seconds": time.process_time() - begin}
            header = not options.results.exists()
            pd.DataFrame([row]).to_csv(options.results, mode="a", header=header, index=False)
            print(*row.values(), sep=", ", flush=True)
    if options.page is not None:
        options.page.write_text(page(finished(options.results)), "utf-8")


if __name__ == "__main__":
    main()
