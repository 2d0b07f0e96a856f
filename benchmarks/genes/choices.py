"""Ways to choose genes on a log-normalised reference: masks of its genes."""

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


CHOICES = {
    "scanpy's default": scanpy_default,
    "variance": variance,
    "spatially variable": spatially_variable,
}
