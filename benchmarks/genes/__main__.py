"""Which genes to learn places from: python -m benchmarks.genes FOLDER RESULTS."""

import argparse
from dataclasses import astuple
from pathlib import Path

from benchmarks.accuracy.sections import folder_sections
from benchmarks.finished_runs import FinishedRuns
from benchmarks.genes.page import page
from benchmarks.genes.runs import KEYS, measured, planned
from benchmarks.quiet import run_quietly


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


def main():
    options = arguments()
    run_quietly()
    finished = FinishedRuns(options.results, KEYS)
    sections = {
        section.name: section
        for section in folder_sections(options.folder)
        if section.name.startswith(tuple(options.sections))
    }
    by_size = sorted(sections, key=lambda name: sections[name].adata.n_obs)
    left = [
        run
        for run in planned(by_size, options.seeds)
        if not finished.hold(*astuple(run))
        and (not options.methods or run.method in options.methods)
    ]
    for run in left[: options.most]:
        row = measured(run, sections[run.section])
        finished.add([row])
        print(", ".join(map(str, astuple(run))), f"{row['procrustes_disparity']:.3f}", flush=True)
    if options.page is not None:
        options.page.write_text(page(finished.table()), "utf-8")


if __name__ == "__main__":
    main()
