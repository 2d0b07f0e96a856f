import anndata as ad
import numpy as np
import pandas as pd
import pytest
from benchmarks.shared_latents.page import page
from benchmarks.shared_latents.pairs import Pair
from benchmarks.shared_latents.scores import kept_apart, mixing, scores, type_accuracy


def blobs(shift=0.0, names=("a", "b", "c"), n=40, seed=0):
    rng = np.random.default_rng(seed)
    types = np.repeat(names, n)
    centers = {"a": (0, 0), "b": (10, 0), "c": (0, 10)}
    return rng.normal([centers[name] for name in types]) + shift, types


def test_types_are_told_by_neighbours_of_the_other_side_and_all_types_count_alike():
    known, types = blobs()
    others, true = blobs(seed=1)
    assert type_accuracy(known, types, others, true) == 1.0
    true[-20:] = "b"  # a third of 60
    assert type_accuracy(known, types, others, true) == pytest.approx((1 + 2 / 3 + 1) / 3)


def test_cells_without_a_type_and_types_that_nobody_knows_do_not_count():
    known, types = blobs()
    others, true = blobs(seed=1)
    types[types == "c"] = ""
    true[:5] = ""
    assert type_accuracy(known, types, others, true) == 1.0


def test_mixing_is_one_at_random_and_zero_apart_whatever_the_sizes():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2_000, 3)), rng.normal(size=(300, 3))
    assert mixing(first, second) == pytest.approx(1.0, abs=0.08)
    assert mixing(first, second + 50) == 0.0


def test_absent_types_are_kept_apart_if_they_are_far():
    cells, types = blobs()
    tissue, _ = blobs(names=("a", "b"), seed=1)
    assert kept_apart(cells, types == "c", tissue) == 1.0
    assert (
        kept_apart(np.where((types == "c")[:, None], tissue[0], cells), types == "c", tissue) < 0.2
    )
    assert np.isnan(kept_apart(cells, types == "d", tissue))


def test_scores_see_each_side_by_its_own_types():
    (cells, types), (tissue, true) = blobs(), blobs(names=("a", "b"), seed=1)
    sides = [
        ad.AnnData(np.ones((len(x), 1)), obs={"type": t})
        for x, t in ((cells, types), (tissue, true))
    ]
    found = scores(Pair(*sides), cells, tissue)
    assert found["cells_to_tissue"] == found["tissue_to_cells"] == found["kept_apart"] == 1.0
    assert 0.8 < found["mixing"] < 1.2


def test_the_page_has_a_row_for_each_method_with_the_mean_over_seeds():
    rows = [("x", seed, "one", 0.5 + seed / 5, 0.5, 1.0, np.nan) for seed in (0, 1)]
    names = ["pair", "seed", "method", "cells_to_tissue", "tissue_to_cells", "mixing", "kept_apart"]
    text = page(pd.DataFrame(rows, columns=names))
    assert "| one | 0.600 ± 0.141 | 0.500 ± 0.000 | 1.000 ± 0.000 | 2 |" in text
    assert "kept apart |" not in text
