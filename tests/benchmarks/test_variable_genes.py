import numpy as np
import pytest
from benchmarks.accuracy.sections import Section
from benchmarks.variable_genes.methods import METHODS, OURS, spark_x
from benchmarks.variable_genes.page import page
from benchmarks.variable_genes.runs import auc, measured, scores
from benchmarks.variable_genes.shuffled import Shuffled, bins_of, moved, shuffled
from scipy.sparse import csr_matrix


@pytest.fixture
def section(counts):
    counts.X = csr_matrix(counts.X, dtype=np.float32)
    return Section("a", counts, holds_counts=True)


def test_counts_stay_within_bins_of_depth(section):
    found = shuffled(section, 1, seed=0)
    before, after = section.adata.X.toarray(), found.counts.toarray()
    np.testing.assert_array_equal(found.depth, before.sum(axis=1))
    assert 5 < found.is_shuffled.sum() < 35
    kept = ~found.is_shuffled
    np.testing.assert_array_equal(after[:, kept], before[:, kept])
    assert (after[:, ~kept] != before[:, ~kept]).any(axis=0).all()
    np.testing.assert_array_equal(np.sort(after, axis=0), np.sort(before, axis=0))
    rng = np.random.default_rng(0)
    number = bins_of(found.depth, rng)
    assert np.bincount(number).tolist() == [60] * 4
    assert found.depth[number == 0].max() <= found.depth[number == 1].min()
    values = moved(before[:, 0], number, rng)
    for k in range(4):
        np.testing.assert_array_equal(np.sort(values[number == k]), np.sort(before[number == k, 0]))


def test_thinning_keeps_the_share(section):
    found = shuffled(section, 0.3, seed=0)
    assert found.depth.sum() == pytest.approx(0.3 * section.adata.X.sum(), rel=0.05)


def test_every_method_finds_a_slope_and_calls_chance_by_chance():
    rng = np.random.default_rng(0)
    places = rng.uniform(size=(500, 2))
    rate = np.full((500, 301), 3.0)
    rate[:, 0] *= np.exp(2 * places[:, 0])
    counts = csr_matrix(rng.poisson(rate).astype(float))
    problem = Shuffled(counts, places, np.full(500, 900.0), np.arange(301) > 0)
    for method in METHODS.values():
        p_values = method(problem)
        assert p_values[0] < 1e-6
        assert 0.02 < np.mean(p_values[1:] < 0.05) < 0.09


def test_the_statistic_of_spark_x_knows_no_unit(section):
    problem = shuffled(section, 1, seed=0)
    larger = Shuffled(problem.counts * 7.0, 3.0 * problem.places + 5, problem.depth, None)
    np.testing.assert_allclose(spark_x(larger), spark_x(problem), rtol=1e-6)


def test_scores_count_what_is_shuffled():
    is_shuffled = np.array([True, True, True, False, False])
    found = scores(np.array([0.04, 0.5, np.nan, 1e-6, 1e-6]), is_shuffled)
    assert found["false_at_05"] == pytest.approx(1 / 3)
    assert found["false_at_01"] == 0
    assert (found["called"], found["false_called"], found["shuffled"]) == (2, 0, 3)
    assert found["auc"] == 1.0
    assert auc(np.array([0.0, 1.0, 1.0]), np.array([False, True, False])) == 0.75


def test_the_page_has_a_row_for_every_method(section):
    rows = [row for kept in (0.5, 1) for row in measured(section, kept, 0)]
    assert {row["method"] for row in rows} == set(METHODS)
    text = page(rows)
    assert text.count(f"\n{OURS} | ") == 2
    assert text.count(f" | {OURS} | ") == 2
    assert "a | 0.5 | 1 | " in text
