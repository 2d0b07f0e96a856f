"""Means of the scores: over genes, then over folds and seeds."""

import numpy as np
import pandas as pd

from benchmarks.imputation.pairs import N_FOLDS
from benchmarks.imputation.scores import SCORES

RUN = ["pair", "method", "seed", "fold"]
LEVELS = {"": "cells", "local_": "local means"}


def per_run(results):
    """Mean over the hidden genes of each run."""
    columns = [f"{level}{score}" for level in LEVELS for score in SCORES]
    return results.groupby(RUN, sort=False)[columns].mean().reset_index()


def summary(results, pair, level):
    """Scores of each method on a pair, how far folds are apart, and the number of runs."""
    runs = per_run(results[results["pair"] == pair])
    grouped = runs.groupby("method", sort=False)
    table = grouped[[f"{level}{score}" for score in SCORES]].mean()
    table.columns = list(SCORES)
    folds = runs.groupby(["method", "seed"], sort=False)[f"{level}pearson"].std()
    table["sd"] = folds.groupby("method", sort=False).mean()
    table["runs"] = grouped.size()
    return table


def on_common_runs(results, pair, level):
    """Mean Pearson of each method over the seeds and folds that all of them have; their number."""
    runs = per_run(results[results["pair"] == pair])
    table = runs.pivot_table(index=["seed", "fold"], columns="method", values=f"{level}pearson")
    common = table[list(runs["method"].unique())].dropna()
    return common.mean(), len(common)


def intervals(results):
    """Coverage, mean and deviation over genes, and what the expected correlation is worth."""
    rows = []
    for (pair, method), genes in results.groupby(["pair", "method"], sort=False):
        if genes[["coverage", "expected"]].isna().all(axis=None):
            continue
        each = genes.groupby(["seed", "gene"], sort=False)[["coverage", "expected", "pearson"]]
        each = each.mean()
        known = each.dropna(subset=["expected"])
        by_seed = [
            np.corrcoef(some["expected"], some["pearson"])[0, 1]
            for _, some in known.groupby("seed", sort=False)
        ]
        rows.append(
            {
                "pair": pair,
                "method": method,
                "coverage": each["coverage"].mean(),
                "sd": each["coverage"].groupby("seed").std().mean(),
                "r": np.mean(by_seed) if by_seed else np.nan,
                "difference": (known["expected"] - known["pearson"]).mean(),
            }
        )
    return pd.DataFrame(rows, columns=["pair", "method", "coverage", "sd", "r", "difference"])


def complete(results):
    """Number of runs that a method has on a pair at most."""
    return N_FOLDS * results["seed"].nunique()
