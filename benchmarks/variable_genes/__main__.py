"""Which genes follow the tissue: python -m benchmarks.variable_genes FOLDER."""

import argparse
import warnings
from pathlib import Path

from benchmarks.accuracy.sections import sections_of
from benchmarks.variable_genes.methods import METHODS
from benchmarks.variable_genes.page import page
from benchmarks.variable_genes.runs import KEPT, measured

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks" / "variable_genes.md"


def arguments():
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.variable_genes", description=__doc__
    )
    parser.add_argument("folder", type=Path, help="h5ad files with counts and obsm['spatial']")
    parser.add_argument("--sections", nargs="+", default=list(KEPT), choices=list(KEPT))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--page", type=Path, default=PAGE, help="file to write the tables to")
    return parser.parse_args()


def main():
    options = arguments()
    warnings.simplefilter("ignore")
    rows = []
    for name in options.sections:
        (section,) = sections_of(options.folder / f"{name}.h5ad")
        for kept in (KEPT[name], 1):
            for seed in options.seeds:
                rows += measured(section, kept, seed)
                print(
                    f"{name}, {kept}, seed {seed}: AUC {rows[-len(METHODS)]['auc']:.3f}", flush=True
                )
    text = page(rows)
    print(text)
    options.page.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
