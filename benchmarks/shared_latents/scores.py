"""What one latent space of two technologies is worth."""

import numpy as np
from sklearn.metrics import balanced_accuracy_score, roc_auc_score
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors

N_NEIGHBORS = 15
N_TO_MIX = 30
N_NEAR = 10


def type_accuracy(known, types, others, true):
    """Share of the others whose type is that of most of their 15 neighbours, the mean over types.

    Cells without a type (``""``), and types of the others that the known ones lack, do not count.
    """
    mine, theirs = types != "", np.isin(true, types[types != ""])
    neighbors = KNeighborsClassifier(min(N_NEIGHBORS, mine.sum())).fit(known[mine], types[mine])
    return float(balanced_accuracy_score(true[theirs], neighbors.predict(others[theirs])))


def mixing(first, second, seed=0):
    """Share of the other side among 30 neighbours, compared with its share among all.

    As many cells of each side. 0: the sides are apart, 1: they are mixed as if at random.
    """
    rng, n_cells = np.random.default_rng(seed), min(len(first), len(second))
    some = [rng.choice(len(side), n_cells, replace=False) for side in (first, second)]
    values = np.concatenate([first[some[0]], second[some[1]]])
    side = np.repeat([0, 1], n_cells)
    n_neighbors = min(N_TO_MIX, 2 * n_cells - 1)
    found = NearestNeighbors(n_neighbors=n_neighbors).fit(values).kneighbors(return_distance=False)
    return float((side[found] != side[:, None]).mean() * (2 * n_cells - 1) / n_cells)


def kept_apart(cells, is_absent, tissue):
    """How well cells of types that the tissue lacks are known by their distance to it.

    Area under the curve of the mean distance to the ten nearest cells of the tissue: .5 says
    nothing, below .5 they are nearer to the tissue than cells of its own types.
    """
    if not is_absent.any():
        return np.nan
    near = NearestNeighbors(n_neighbors=min(N_NEAR, len(tissue))).fit(tissue)
    return float(roc_auc_score(is_absent, near.kneighbors(cells)[0].mean(axis=1)))


def scores(pair, cells, tissue):
    """All scores of latents of a pair's cells and tissue, by name."""
    types, true = (side.obs["type"].to_numpy(dtype=str) for side in (pair.cells, pair.tissue))
    rows = [np.isin(names, pair.common) for names in (types, true)]
    is_typed = types != ""
    absent = ~rows[0][is_typed]
    return {
        "cells_to_tissue": type_accuracy(cells, types, tissue, true),
        "tissue_to_cells": type_accuracy(tissue, true, cells, types),
        "mixing": mixing(cells[rows[0]], tissue[rows[1]]),
        "kept_apart": kept_apart(cells[is_typed], absent, tissue),
    }
