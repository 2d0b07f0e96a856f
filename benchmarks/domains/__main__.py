"""Domains against those drawn by hand: python -m benchmarks.domains FOLDER RESULTS."""

import argparse
from dataclasses import astuple
from pathlib import Path

from benchmarks.domains.page import page
from benchmarks.domains.runs import KEYS, measured, planned
from benchmarks.domains.sections import labelled_sections
from benchmarks.finished_runs import FinishedRuns
from benchmarks.quiet import run_quietly


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


def main():
    options = arguments()
    run_quietly()
    finished = FinishedRuns(options.results, KEYS)
    sections = labelled_sections(options.folder)
    wanted = [name for name in sections if name.startswith(tuple(options.sections))]
    left = [
        run
        for run in planned(wanted, options.seeds)
        if not finished.hold(*astuple(run))
        and run.representation in (options.representations or [run.representation])
        and run.clustering in (options.clusterings or [run.clustering])
    ]
    for run in left[: options.most]:
        row = measured(run, sections[run.section])
        finished.add([row])
        print(*astuple(run), row["ari"], sep=", ", flush=True)
    if options.page is not None:
        options.page.write_text(page(finished.table()), "utf-8")


if __name__ == "__main__":
    main()
