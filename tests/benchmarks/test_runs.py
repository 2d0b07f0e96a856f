import pandas as pd
from benchmarks.accuracy.runs import Run, _append, finished, planned
from benchmarks.accuracy.sections import Section


def test_plans_hold_what_is_possible_with_seeds_outermost():
    sections = [
        Section("cortex_1", None, holds_counts=True),
        Section("cortex_2", None, holds_counts=True),
        Section("atlas", None, holds_counts=False),
    ]
    runs = planned(sections, ["random", "cross"], range(2), ["kNN", "DPSCVI"], ("DPSCVI",))
    assert [run.seed for run in runs] == [0] * 9 + [1] * 9
    assert Run("atlas", "random", 0, "kNN") in runs
    assert Run("atlas", "random", 0, "DPSCVI") not in runs
    across = {run.section for run in runs if run.split == "cross"}
    assert across == {"cortex_1 to cortex_2", "cortex_2 to cortex_1"}


def test_rows_are_added_also_with_new_columns(tmp_path):
    results = tmp_path / "results.csv"
    _append({"section": "a", "procrustes_disparity": 0.1}, results)
    _append({"section": "b", "procrustes_disparity": 0.2}, results)
    _append({"section": "c", "procrustes_disparity": 0.3, "n_hidden": 7}, results)
    table = finished(results)
    assert table["section"].tolist() == ["a", "b", "c"]
    assert table["procrustes_disparity"].tolist() == [0.1, 0.2, 0.3]
    pd.testing.assert_series_equal(
        table["n_hidden"], pd.Series([float("nan"), float("nan"), 7.0], name="n_hidden")
    )
