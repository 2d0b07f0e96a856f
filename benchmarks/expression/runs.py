"""One method, on one section of which a tenth is hidden."""

import time
from dataclasses import asdict, dataclass, fields

import numpy as np

from benchmarks.expression.methods import METHODS
from benchmarks.expression.scores import (
    FEWEST_CELLS,
    correlation,
    correlation_of_logarithms,
    negative_log_likelihood,
)

HIDDEN_SHARE = 0.1


@dataclass(frozen=True)
class Run:
    """A method, a section and a seed."""

    section: str
    seed: int
    method: str


KEYS = [field.name for field in fields(Run)]


def measured(run, adata):
    """The run and its scores, as a row: means over genes that ten of the known cells express."""
    order = np.random.default_rng(run.seed).permutation(adata.n_obs)
    n_hidden = int(HIDDEN_SHARE * adata.n_obs)
    hidden, known = adata[order[:n_hidden]], adata[order[n_hidden:]].copy()
    expressed = np.asarray((known.X > 0).sum(axis=0)).ravel() >= FEWEST_CELLS
    counts, places = hidden.X.toarray().astype(np.float64), hidden.obsm["spatial"]
    start = time.process_time()
    shares = METHODS[run.method](known, places, run.seed)
    seconds = time.process_time() - start
    depth = float(np.median(np.asarray(known.X.sum(axis=1))))
    return asdict(run) | {
        "nll": negative_log_likelihood(counts, shares)[expressed].mean(),
        "pearson": correlation(counts, shares)[expressed].mean(),
        "pearson_log": correlation_of_logarithms(counts, shares, depth)[expressed].mean(),
        "cpu_seconds": seconds,
    }
