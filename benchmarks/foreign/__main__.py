"""True and false alarms: python -m benchmarks.foreign FOLDER RESULTS."""

import argparse
from pathlib import Path

from benchmarks.accuracy.sections import folder_sections
from benchmarks.foreign.cases import planned
from benchmarks.foreign.page import page
from benchmarks.foreign.runs import execute, runs_of
from benchmarks.quiet import run_quietly


def arguments():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.foreign", description=__doc__)
    parser.add_argument("folder", type=Path, help="h5ad files with obsm['spatial']")
    parser.add_argument("results", type=Path, help="folder for models and foreign.csv")
    parser.add_argument("--steps", type=int, help="of each training; by default the package's")
    parser.add_argument("--page", type=Path, help="file to write the tables to, as docs has them")
    return parser.parse_args()


def main():
    options = arguments()
    run_quietly()
    sections = {section.name: section for section in folder_sections(options.folder)}
    (options.results / "models").mkdir(parents=True, exist_ok=True)
    execute(planned(list(sections.values())), sections, options.results, options.steps)
    if options.page is not None:
        options.page.write_text(page(runs_of(options.results).table()), encoding="utf-8")


if __name__ == "__main__":
    main()
