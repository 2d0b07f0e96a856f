"""How a runner gets its problem and hands back values: files in the folder it is started with.

``python run_NAME.py FOLDER SEED`` reads ``cells.h5ad``, ``tissue.h5ad`` and ``hidden.txt``, and
writes ``imputed.npy``, in the unit of the cells' logarithms. Runners have an environment of their
own, so nothing here imports the benchmark.
"""

import resource
import sys
from pathlib import Path

import anndata as ad
import numpy as np

LONGEST = 5400
"""Seconds of processor time after which a runner is stopped."""


def read_problem():
    """Cells, tissue, names of the hidden genes, and the seed.

    ``X`` of both holds logarithms (of stained tissue: intensities), ``layers["counts"]`` counts.
    """
    resource.setrlimit(resource.RLIMIT_CPU, (LONGEST, LONGEST))
    folder, seed = Path(sys.argv[1]), int(sys.argv[2])
    hidden = (folder / "hidden.txt").read_text("utf-8").splitlines()
    cells, tissue = (ad.read_h5ad(folder / f"{name}.h5ad") for name in ("cells", "tissue"))
    return cells, tissue, hidden, seed


def as_counts(adata):
    """The same with counts as ``X``."""
    counts = ad.AnnData(adata.layers["counts"], obs=adata.obs, var=adata.var, obsm=adata.obsm)
    counts.X = np.asarray(counts.X, dtype=np.float32)
    return counts


def logarithms(values, genes, hidden, tissue):
    """Bring expected counts of genes to the depth over shown genes that truth has; logarithmise."""
    values, genes = np.maximum(np.asarray(values, dtype=np.float64), 0), list(genes)
    shown = [genes.index(gene) for gene in tissue.var_names if gene in genes]
    depth = np.median(np.asarray(tissue.layers["counts"]).sum(axis=1))
    total = np.maximum(values[:, shown].sum(axis=1, keepdims=True), np.finfo(float).tiny)
    return np.log1p(values[:, [genes.index(gene) for gene in hidden]] / total * depth)


def write_imputed(values):
    np.save(Path(sys.argv[1]) / "imputed.npy", np.asarray(values, dtype=np.float64))
