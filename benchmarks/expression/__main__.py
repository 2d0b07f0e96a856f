"""Expression of hidden cells from their places: python -m benchmarks.expression FOLDER RESULTS."""

import argparse
from dataclasses import astuple
from pathlib import Path

import anndata as ad
import numpy as np
from scipy.sparse import csr_matrix

from benchmarks.expression.methods import METHODS
from benchmarks.expression.page import page
from benchmarks.expression.runs import KEYS, Run, measured
from benchmarks.finished_runs import FinishedRuns
from benchmarks.quiet import run_quietly

SECTIONS = (
    "dlpfc_151507",
    "dlpfc_151508",
    "dlpfc_151669",
    "visium_v1_adult_mouse_brain",
    "st_mouse_brain_hippo1",
    "osmfish_ss_cortex",
    "starmap_mouse_visual_cortex_1020",
    "seqfish_mouse_embryo_subset",
)


def arguments():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.expression", description=__doc__)
    parser.add_argument("folder", type=Path, help="h5ad files with raw counts")
    parser.add_argument("results", type=Path, help="CSV file; what it holds is not run again")
    parser.add_argument("--sections", nargs="+", default=list(SECTIONS))
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=list(METHODS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--page", type=Path, help="file to write the tables to, as docs has them")
    return parser.parse_args()


def read(path):
    """The cells that have counts, and can be used."""
    adata = ad.read_h5ad(path)
    usable = np.asarray(adata.X.sum(axis=1)).ravel() > 0
    if "valid" in adata.obs:
        usable &= adata.obs["valid"].to_numpy() == 1
    adata = adata[usable]
    return ad.AnnData(
        csr_matrix(adata.X, dtype=np.float32),
        var=adata.var[[]],
        obsm={"spatial": np.asarray(adata.obsm["spatial"], dtype=float)},
    )


def main():
    options = arguments()
    run_quietly()
    finished = FinishedRuns(options.results, KEYS)
    for seed in options.seeds:
        for section in options.sections:
            runs = [Run(section, seed, method) for method in options.methods]
            runs = [run for run in runs if not finished.hold(*astuple(run))]
            adata = read(options.folder / f"{section}.h5ad") if runs else None
            for run in runs:
                row = measured(run, adata)
                finished.add([row])
                print(*astuple(run), row["nll"], row["pearson"], sep=", ", flush=True)
    if options.page is not None:
        options.page.write_text(page(finished.table()), "utf-8")


if __name__ == "__main__":
    main()
