"""Whether regions hold what they say: python -m benchmarks.regions FOLDER RESULTS [SECTION …]."""

import logging
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import scvi

from benchmarks.accuracy.problem import cross_problem, problem_of
from benchmarks.accuracy.sections import folder_sections
from benchmarks.accuracy.splits import split
from benchmarks.regions.coverage import scored
from dpvae.model import DPVAE

SPLITS = ("random", "block")
PAIRS = (
    ("dlpfc_151507", "dlpfc_151508"),
    ("dlpfc_151507", "dlpfc_151669"),
    ("st_her2_breast_tumour_A1", "st_her2_breast_tumour_B1"),
)
QUIET = {"enable_progress_bar": False, "logger": False}


def measured(problem):
    """Train on the reference, calibrate, and score the regions of the query."""
    scvi.settings.seed = problem.seed
    DPVAE.setup_anndata(problem.reference)
    model = DPVAE(problem.reference)
    model.train(**QUIET)
    model.calibrate(**QUIET)
    errors = np.linalg.norm(model.atlas_.calibration.errors, axis=1)
    places = problem.known_places
    radius = np.sqrt(((places - places.mean(axis=0)) ** 2).sum(axis=1).mean())
    return scored(model.predict_regions(problem.query), errors, problem.truth, radius)


def problems(folder, beginnings):
    """Name, split and problem of every section, and of the pairs."""
    sections = {section.name: section for section in folder_sections(folder)}
    for name, section in sections.items():
        if name.startswith(beginnings):
            for kind in SPLITS:
                parts = split(kind, section.adata.obsm["spatial"], 0)
                yield name, kind, problem_of(section, parts, 0)
    for one, two in PAIRS:
        if one in sections and two in sections and one.startswith(beginnings):
            yield f"{one} → {two}", "other section", cross_problem(sections[one], sections[two], 0)


def main():
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    results = Path(sys.argv[2])
    rows = pd.read_csv(results).to_dict("records") if results.exists() else []
    done = {(row["section"], row["split"]) for row in rows}
    for name, kind, problem in problems(Path(sys.argv[1]), tuple(sys.argv[3:]) or ("",)):
        if (name, kind) not in done:
            rows.append({"section": name, "split": kind, **measured(problem)})
            pd.DataFrame(rows).to_csv(results, index=False)
            print(name, kind, flush=True)
    table = pd.DataFrame(rows)
    print(table.round(2).to_string(index=False))
    print(table.groupby("split").mean(numeric_only=True).round(2).T.to_string())


if __name__ == "__main__":
    main()
