"""Which genes to learn places from: python -m benchmarks.genes FOLDER RESULTS."""

import argparse
import logging
import warnings
from dataclasses import astuple
from pathlib import Path

import pandas as pd
import torch

from benchmarks.accuracy.sections import folder_sections
from benchmarks.genes.page import page
from benchmarks.genes.runs import KEYS, measured, planned


def arguments():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.genes", description=__doc__)
    parser.add_argument("folder", type=Path, help="h5ad files with obsm['spatial'] and all genes")
    parser.add_argument("results", type=Path, help="CSV file; what it holds is not run again")
    parser.add_argument("--sections", nargs="+", default=[""], help="beginnings of names")
    parser.add_argument("--methods", nargs="+", help="by default all")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--most", type=int, help="number of runs after which to stop")
    parser.add_argument("--page", type=Path, help="file to write the tables to, as docs has them")
    return parser.parse_args()


def finished(results):
    """All runs that are done."""
    return pd.read_csv(results) if results.exists() else pd.DataFrame(columns=KEYS)


def main():
    options = arguments()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    torch.set_num_threads(1)
    sections = {
        section.name: section
        for section in folder_sections(options.folder)
        if section.name.startswith(tuple(options.sections))
    }
    by_size = sorted(sections, key=lambda name: sections[name].adata.n_obs)
    done = set(finished(options.results)[KEYS].itertuples(index=False, name=None))
    left = [
        run
        for run in planned(by_size, options.seeds)
        if astuple(run) not in done and (not options.methods or run.method in options.methods)
    ]
    for run in left[: options.most]:
        row = measured(run, sections[run.section])
        header = not options.results.exists()
        pd.DataFrame([row]).to_csv(options.results, mode="a", header=header, index=False)
        print(", ".join(map(str, astuple(run))), f"{row['procrustes_disparity']:.3f}", flush=True)
    if options.page is not None:
        options.page.write_text(page(finished(options.results)), "utf-8")


if __name__ == "__main__":
    main()
