"""Several references together, or one: python -m benchmarks.pooling FOLDER RESULTS."""

import argparse
from pathlib import Path

import pandas as pd

from benchmarks.accuracy.sections import folder_sections, pools
from benchmarks.pooling.page import COLUMNS, SEPARATOR, page
from benchmarks.pooling.runs import error, planned
from benchmarks.quiet import run_quietly


def arguments():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pooling", description=__doc__)
    parser.add_argument("folder", type=Path, help="h5ad files with obsm['spatial']")
    parser.add_argument("results", type=Path, help="folder of CSV files, one a target and seed")
    parser.add_argument("--sections", nargs="+", default=[""], help="beginnings of target names")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1])
    parser.add_argument("--page", type=Path, help="file to write the tables to, as docs has them")
    return parser.parse_args()


def finished(results):
    """All runs that are done."""
    tables = [pd.read_csv(file) for file in sorted(results.glob("*.csv"))]
    return pd.concat(tables) if tables else pd.DataFrame(columns=COLUMNS)


def append(row, results):
    target, seed = row[:2]
    file = results / f"{target.replace(':', '_')}_{seed}.csv"
    pd.DataFrame([row], columns=COLUMNS).to_csv(
        file, mode="a", header=not file.exists(), index=False
    )


def main():
    options = arguments()
    run_quietly()
    options.results.mkdir(parents=True, exist_ok=True)
    sections = {section.name: section for section in folder_sections(options.folder)}
    wanted = [
        pool for pool in pools(sections.values()) if pool[-1].startswith(tuple(options.sections))
    ]
    for target, seed, method, references in planned(wanted, options.seeds):
        names = SEPARATOR.join(references)
        done = finished(options.results)[COLUMNS[:-1]].itertuples(index=False, name=None)
        if (target, seed, method, names) in set(done):
            continue
        found = error(sections, target, seed, method, references)
        append((target, seed, method, names, found), options.results)
        print(f"{names} to {target}, seed {seed}, {method}: {found:.3f}", flush=True)
    if options.page is not None:
        options.page.write_text(page(finished(options.results)), "utf-8")


if __name__ == "__main__":
    main()
