"""How a runner gets its problem and hands back places: files in the folder that it is started with.

``python run_NAME.py FOLDER SEED`` reads ``reference.h5ad`` and ``query.h5ad`` and writes
``places.npy``. Runners have an environment of their own, so nothing here imports the benchmark.
"""

import resource
import sys
from pathlib import Path

import anndata as ad
import numpy as np

LONGEST = 1800
"""Seconds of processor time after which a runner is stopped."""


def read_problem():
    """Cells with known places, cells to be placed, and the seed."""
    resource.setrlimit(resource.RLIMIT_CPU, (LONGEST, LONGEST))
    folder, seed = Path(sys.argv[1]), int(sys.argv[2])
    reference = ad.read_h5ad(folder / "reference.h5ad")
    is_known = np.isfinite(reference.obsm["spatial"]).all(axis=1)
    return reference[is_known].copy(), ad.read_h5ad(folder / "query.h5ad"), seed


def weighted_means(weights, places):
    """Place each cell (row of ``weights``) at the mean of ``places``, weighted by its row."""
    weights = np.asarray(weights, dtype=np.float64)
    return weights @ places / weights.sum(axis=1, keepdims=True)


def write_places(places):
    np.save(Path(sys.argv[1]) / "places.npy", np.asarray(places, dtype=np.float64))
