"""One method, one fold of genes of one pair."""

import time
from dataclasses import asdict, dataclass, fields

import numpy as np
import pandas as pd

from benchmarks.imputation.methods import METHODS
from benchmarks.imputation.pairs import problem_of
from benchmarks.imputation.scores import SCORES, coverage, local_means


@dataclass(frozen=True)
class Run:
    """A pair, the seed of the cut into folds and of the method, a fold, and a method."""

    pair: str
    seed: int
    fold: int
    method: str


KEYS = [field.name for field in fields(Run)]


def measured(run, pair):
    """Scores of each hidden gene, as a table: of cells, and with ``local_`` of local means."""
    problem, truth = problem_of(pair, run.fold, run.seed)
    start = time.process_time()
    found = METHODS[run.method](problem)
    seconds = time.process_time() - start if found.seconds is None else found.seconds
    values = np.asarray(found.values, dtype=np.float64)
    smooth = local_means(truth, problem.tissue.obsm["spatial"])
    columns = asdict(run) | {"gene": problem.hidden, "cpu_seconds": seconds}
    for name, score in SCORES.items():
        columns |= {name: score(truth, values), f"local_{name}": score(smooth, values)}
    columns |= {"coverage": np.nan, "expected": np.nan}
    if found.lower is not None and found.upper is not None:
        columns["coverage"] = coverage(truth, found.lower, found.upper)
    if found.expected_correlation is not None:
        columns["expected"] = np.asarray(found.expected_correlation)
    return pd.DataFrame(columns)
