import numpy as np
import pandas as pd
import pytest
from benchmarks.pooling.page import page, table_of, verdict
from benchmarks.pooling.runs import POOLED, SIMPLE, SINGLE, planned

ERRORS = {"t1": (0.5, (0.42, 0.6)), "t2": (0.8, (0.7, 0.75))}


@pytest.fixture
def results():
    """Two targets, two references each, two seeds that differ by .02."""
    rows = [
        (target, seed, method, names, value + 0.02 * seed)
        for target, (pooled, singles) in ERRORS.items()
        for seed in (0, 1)
        for method, names, value in (
            (POOLED, "a + b", pooled),
            *((SINGLE, name, value) for name, value in zip("ab", singles, strict=True)),
            *(
                (method, name, value + 0.1)
                for method in SIMPLE
                for name, value in zip("ab", singles, strict=True)
            ),
        )
    ]
    return pd.DataFrame(
        rows, columns=["target", "seed", "method", "references", "procrustes_disparity"]
    )


def test_targets_are_compared_with_the_best_and_the_average_reference(results):
    table = table_of(results)
    assert table.loc["t1"].tolist() == pytest.approx([2, 0.51, 0.43, 0.52, 0.53, 0.53, 0.53])
    assert table.loc["t2", "mean single"] == pytest.approx(0.735)


def test_verdict_is_the_one_of_the_table(results):
    found = verdict(table_of(results))
    assert f"{np.mean([0.51 / 0.43, 0.81 / 0.71]):.3f} times" in found
    assert f"{0.51 / 0.43:.3f} at worst" in found
    assert "0 of 2 targets, better than the average single reference on 1." in found


def test_targets_that_are_not_done_are_left_out(results):
    partial = results[(results["target"] == "t1") | (results["method"] != SINGLE)]
    assert table_of(partial).index.tolist() == ["t1"]
    text = page(results)
    assert "| t2" not in text
    assert "t2 | 2 | 0.810 | 0.710" in text
    assert "differ by 0.020" in text


def test_seeds_that_are_not_done_are_left_out(results):
    partial = results[(results["seed"] == 0) | (results["references"] != "b")]
    assert table_of(partial).loc["t1"].tolist() == pytest.approx([1, 0.5, 0.42, 0.51, *[0.52] * 3])
    assert "differ by" not in page(partial)


def test_every_target_is_placed_by_all_others_and_by_each():
    runs = list(planned([("a", "b", "t")], (0, 1)))
    assert ("t", 1, POOLED, ("a", "b")) in runs
    assert [r[3] for r in runs if r[1:3] == (0, SINGLE)] == [("a",), ("b",)]
    assert len(runs) == len(set(runs)) == 2 * (1 + 2 * 4)
