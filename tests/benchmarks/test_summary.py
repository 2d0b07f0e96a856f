import numpy as np
import pandas as pd
import pytest
from benchmarks.accuracy.summary import ablation, against, half_widths, headline, ranks


@pytest.fixture
def results():
    """Three sections, two seeds: A is best everywhere, C did not run on one section."""
    errors = {"A": [0.1, 0.2, 0.3], "B": [0.2, 0.201, 0.9], "C": [0.5, 0.6, np.nan]}
    rows = [
        {
            "section": f"s{k}",
            "method": method,
            "seed": seed,
            "procrustes_disparity": value + 0.02 * seed,
        }
        for method, values in errors.items()
        for k, value in enumerate(values)
        for seed in (0, 1)
        if np.isfinite(value)
    ]
    return pd.DataFrame(rows)


def test_the_headline_is_over_sections_that_all_finished(results):
    table = headline(results, ["procrustes_disparity"]).set_index("method")
    assert table["procrustes_disparity"].to_dict() == pytest.approx(
        {"A": 0.16, "B": 0.2105, "C": 0.56}
    )


def test_methods_are_compared_on_the_seeds_that_both_have(results):
    is_first = (results["method"] != "B") | (results["seed"] == 0)
    table = against(results[is_first], "A", ["B", "C"]).set_index("against")
    assert table.loc["B", "mean ratio"] == pytest.approx((0.5 * 0.2 / 0.201 / 3) ** (1 / 3))
    assert table.loc["C", "worst ratio"] == pytest.approx(0.21 / 0.61)
    means = headline(results[is_first], ["procrustes_disparity"]).set_index("method")[
        "procrustes_disparity"
    ]
    assert means.to_dict() == pytest.approx({"A": 0.15, "B": 0.2005, "C": 0.55})


def test_half_widths_are_students(results):
    expected = 12.7062 * 0.02 / np.sqrt(2) / np.sqrt(2)
    assert half_widths(results).loc["s0", "A"] == pytest.approx(expected, rel=1e-4)
    one_seed = results[results["seed"] == 0]
    assert half_widths(one_seed).isna().all().all()


def test_wins_need_two_per_cent(results):
    table = against(results, "A", ["A", "B", "C"]).set_index("against")
    assert table.loc["B", ["better", "level", "worse"]].tolist() == [2, 1, 0]
    assert table.loc["C", ["better", "level", "worse"]].tolist() == [2, 0, 0]
    back = against(results, "B", ["A"]).iloc[0]
    assert back["worse"] == 2
    assert back["worst ratio"] == pytest.approx(0.91 / 0.31)


def test_ranks_and_their_critical_difference(results):
    mean_ranks, critical = ranks(results)
    assert mean_ranks.to_dict() == {"A": 1.0, "B": 2.0, "C": 3.0}
    assert critical == pytest.approx(2.343 * np.sqrt(3 * 4 / (6 * 2)), rel=1e-3)


def test_variants_are_compared_run_by_run(results):
    table = ablation(results.replace({"method": {"A": "DPVAE"}})).set_index("variant")
    assert table.index.tolist() == ["C", "B"]
    assert table.loc["C", "sections"] == 2
    assert table.loc["C", "of the default"] == pytest.approx(0.16)
    assert table.loc["B", ["worse by 2 %", "better by 2 %"]].tolist() == [4, 0]
