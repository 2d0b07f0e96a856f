"""How well the package and others place cells: python -m benchmarks.accuracy FOLDER."""

import argparse
from pathlib import Path

from benchmarks.accuracy.methods import CAN_POOL, METHODS, NEED_COUNTS, default_methods
from benchmarks.accuracy.methods.variants import VARIANTS
from benchmarks.accuracy.report import write_ablation, write_report
from benchmarks.accuracy.runs import default_results, execute, finished, planned
from benchmarks.accuracy.sections import SQUIDPY, VISIUM, folder_sections, public_sections
from benchmarks.accuracy.splits import SPLITS

QUICK_SECTIONS = 6
QUICK_METHODS = ("DPVAE", "kNN", "ridge, genes", "ridge, PCs", "MLP")


def arguments():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description=__doc__)
    parser.add_argument(
        "folder", nargs="?", type=Path, help="h5ad files with obsm['spatial']; none: public data"
    )
    parser.add_argument("--splits", nargs="+", default=list(SPLITS), choices=SPLITS)
    parser.add_argument("--methods", nargs="+", default=default_methods(), choices=list(METHODS))
    parser.add_argument("--sections", nargs="+", help="names, or beginnings of names")
    parser.add_argument("--seeds", type=int, default=3, help="number of seeds")
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--results", type=Path, help="CSV file; what it holds is not run again")
    parser.add_argument("--docs", type=Path, help="folder that tables and figures are written to")
    parser.add_argument(
        "--ablation", action="store_true", help="DPVAE with each ingredient removed, random split"
    )
    parser.add_argument("--quick", action="store_true", help="six small sections, one seed")
    return parser.parse_args()


def sections_for(options):
    if options.folder is None:
        wanted = options.sections or (*VISIUM, *SQUIDPY)
        return [section for name in wanted for section in public_sections(name)]
    sections = folder_sections(options.folder)
    if not sections:
        message = f"{options.folder} holds no h5ad file with obsm['spatial']."
        raise SystemExit(message)
    if options.sections:
        beginnings = tuple(options.sections)
        sections = [section for section in sections if section.name.startswith(beginnings)]
    return sections


def main():
    options = arguments()
    sections = sections_for(options)
    splits, seeds, methods = options.splits, range(options.seeds), options.methods
    if options.quick:
        by_size = sorted(sections, key=lambda section: section.adata.n_obs * section.adata.n_vars)
        sections = by_size[:: max(len(by_size) // QUICK_SECTIONS, 1)][:QUICK_SECTIONS]
        splits, seeds, methods = ("random",), range(1), QUICK_METHODS
    if options.ablation:
        splits, methods = ("random",), ("DPVAE", *VARIANTS)
    runs = planned(sections, splits, seeds, methods, NEED_COUNTS, CAN_POOL)
    results = options.results or default_results(options.folder or Path("public"))
    execute(runs, options.folder and str(options.folder), results, options.processes)
    names = [section.name for section in sections]
    write = write_ablation if options.ablation else write_report
    write(finished(results), names, splits, methods, options.docs)


if __name__ == "__main__":
    main()
