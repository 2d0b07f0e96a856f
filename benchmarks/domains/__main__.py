"""Domains against those drawn by hand: python -m benchmarks.domains FOLDER RESULTS."""

import argparse
import logging
import warnings
from dataclasses import astuple
from pathlib import Path

import pandas as pd
import torch

from benchmarks.domains.page import page
from benchmarks.domains.runs import KEYS, measured, planned
from benchmarks.domains.sections import labelled_sections


def arguments():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.domains", description=__doc__)
    parser.add_argument("folder", type=Path, help="h5ad files with labels, see sections.py")
    parser.add_argument("results", type=Path, help="CSV file; what it holds is not run again")
    parser.add_argument("--sections", nargs="+", default=[""], help="beginnings of names")
    parser.add_argument("--representations", nargs="+", help="by default all")
    parser.add_argument("--clusterings", nargs="+", help="by default all")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4])
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
    sections = labelled_sections(options.folder)
    wanted = [name for name in sections if name.startswith(tuple(options.sections))]
    done = set(finished(options.results)[KEYS].itertuples(index=False, name=None))
    left = [
        run
        for run in planned(wanted, options.seeds)
        if astuple(run) not in done
        and run.representation in (options.representations or [run.representation])
        and run.clustering in (options.clusterings or [run.clustering])
    ]
    for run in left[: options.most]:
        row = measured(run, sections[run.section])
        header = not options.results.exists()
        pd.DataFrame([row]).to_csv(options.results, mode="a", header=header, index=False)
        print(*astuple(run), row["ari"], sep=", ", flush=True)
    if options.page is not None:
        options.page.write_text(page(finished(options.results)), "utf-8")


if __name__ == "__main__":
    main()
