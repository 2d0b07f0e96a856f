import numpy as np
import pandas as pd
from benchmarks.accuracy.problem import Problem
from benchmarks.alignment.methods import difference, pool
from benchmarks.alignment.page import write_page
from benchmarks.alignment.runs import development, execute, read, reported

WEIGHTS = {"kernel": 3.0, "adversarial": 0.3}


def rows_of(runs):
    """Made-up scores: each run is a little worse than the one before."""
    table = pd.DataFrame([vars(run) for run in runs])
    of_model = table["model"] != ""
    scores = 0.1 + 0.01 * np.arange(len(table))
    for column in ("procrustes_disparity", "procrustes_disparity_latents", "difference"):
        is_given = of_model | (column == "procrustes_disparity")
        table[column] = np.where(is_given, scores, np.nan)
    return table


def test_the_query_of_a_pool_has_no_places_and_the_reference_keeps_its_own(expression):
    query = expression[:50].copy()
    truth = query.obsm.pop("spatial")
    pooled = pool(Problem(expression, query, truth, 0))
    is_query = (pooled.obs["section"] == "query").to_numpy()
    assert is_query.sum() == 50
    assert np.isnan(pooled.obsm["spatial"][is_query]).all()
    np.testing.assert_array_equal(pooled.obsm["spatial"][~is_query], expression.obsm["spatial"])
    np.testing.assert_array_equal(pooled.X.toarray()[is_query], query.X.toarray())


def test_latents_of_two_sections_are_compared_with_as_many_cells_of_each():
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(900, 3)), rng.normal(size=(200, 3))
    assert abs(difference(one, other)) < 0.01
    assert difference(one, other + 3) > 0.5


def test_the_page_shows_every_pair_and_its_best_method(tmp_path):
    runs = list(development("a to b", 100))
    for pair in ("a to c", "c to a"):
        runs += reported(pair, 100, 0, WEIGHTS, ["DPVAE"])
    write_page(rows_of(runs), ["a to c", "c to a"], "a to b", tmp_path / "page.md")
    page = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert "| a → c | **0.200** | 0.210 | 0.220 | 0.230 | 0.240 | 0.250 |" in page
    assert "| kernel | 10 | 0.160 | 0.160 | 0.160 |" in page
    assert "kernel is better than pooled on 0, than zero-shot on 0" in page
    assert page.count("| c → a |") == 3


def test_what_is_done_is_not_done_again(tmp_path):
    runs = list(reported("a to b", 100, 0, WEIGHTS, ["DPVAE"]))
    results = tmp_path / "results.csv"
    rows_of(runs).to_csv(results, index=False)
    before = read(results)
    execute(runs, "a folder that does not exist", results, 1)
    pd.testing.assert_frame_equal(read(results), before)
