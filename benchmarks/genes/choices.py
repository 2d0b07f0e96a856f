"""Ways to choose genes on a log-normalised reference: masks of its genes."""

from functools import partial

import numpy as np
import scanpy as sc
from sklearn.utils.sparsefuncs import mean_variance_axis

from benchmarks.accuracy.problem import spatially_variable


def scanpy_default(reference, n_genes):
    """By the dispersion of each gene among genes of a like mean (flavour "seurat")."""
    table = sc.pp.highly_variable_genes(reference, n_top_genes=n_genes, inplace=False)
    return table["highly_variable"].to_numpy()


def variance(reference, n_genes):
    """By the variance of the logarithms."""
    _, found = mean_variance_axis(reference.X, axis=0)
    chosen = np.zeros(len(found), dtype=bool)
    chosen[np.argsort(-found, kind="stable")[:n_genes]] = True
    return chosen


DEFAULT, VARIANCE, OURS = "scanpy's default, 2,000", "variance, 2,000", "spatially variable"
CANDIDATES = {
    DEFAULT: partial(scanpy_default, n_genes=2000),
    VARIANCE: partial(variance, n_genes=2000),
    OURS: spatially_variable,
}
OTHER_NUMBERS = {
    "variance, 500": partial(variance, n_genes=500),
    **{f"{OURS}, {n:,}": partial(spatially_variable, n_genes=n) for n in (200, 1000, 2000)},
}
CHOICES = CANDIDATES | OTHER_NUMBERS
