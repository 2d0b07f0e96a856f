"""Who paints hidden genes of a fly embryo best: python -m benchmarks.painting FOLDER RESULTS."""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.painting.embryo import embryos
from benchmarks.painting.methods import METHODS
from benchmarks.quiet import run_quietly

COLUMNS = ["method", "gene", "correlation"]


def arguments():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.painting", description=__doc__)
    parser.add_argument("folder", type=Path, help="has the atlas and the cells, as h5ad files")
    parser.add_argument("results", type=Path, help="CSV file; what it holds is not run again")
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=list(METHODS))
    return parser.parse_args()


def correlations(found, embryo):
    """Of each hidden gene's painting with its stain, over the positions."""
    stain = embryo.stained[:, embryo.hidden].X
    return [np.corrcoef(one, other)[0, 1] for one, other in zip(found.T, stain.T, strict=True)]


def main():
    options = arguments()
    run_quietly()
    rows = []
    if options.results.exists():
        rows = pd.read_csv(options.results).to_records(index=False).tolist()
    done = {(method, gene) for method, gene, _ in rows}
    for embryo in embryos(options.folder):
        for name in options.methods:
            if (name, embryo.hidden[0]) in done:
                continue
            scores = correlations(METHODS[name](embryo), embryo)
            rows += zip([name] * len(scores), embryo.hidden, scores, strict=True)
            pd.DataFrame(rows, columns=COLUMNS).to_csv(options.results, index=False)
            print(f"{name}, without {', '.join(embryo.hidden)}: {np.mean(scores):.3f}", flush=True)
    table = pd.DataFrame(rows, columns=COLUMNS).groupby("method")["correlation"]
    print(table.agg(["mean", "count"]).sort_values("mean", ascending=False).round(3).to_string())


if __name__ == "__main__":
    main()
