import numpy as np
import pandas as pd
import pytest
from benchmarks.accuracy.problem import Problem, spatially_variable
from benchmarks.accuracy.sections import Section
from benchmarks.genes.choices import (
    CANDIDATES,
    CHOICES,
    DEFAULT,
    OURS,
    VARIANCE,
    scanpy_default,
    variance,
)
from benchmarks.genes.page import by_number, by_section, headline, page
from benchmarks.genes.runs import (
    FEW,
    KEYS,
    RANDOM,
    measured,
    placed_with_counts,
    planned,
)
from scipy.sparse import csr_matrix

ERRORS = {DEFAULT: 0.8, VARIANCE: 0.5, OURS: 0.4}


@pytest.fixture
def results():
    """Two sections and seeds; in section b errors are half as large."""
    rows = [
        (section, RANDOM, seed, "kNN", choice, ERRORS[choice] * factor)
        for section, factor in (("a", 1.0), ("b", 0.5))
        for seed in (0, 1)
        for choice in CANDIDATES
    ]
    return pd.DataFrame(rows, columns=[*KEYS, "procrustes_disparity"])


@pytest.mark.parametrize("choice", [scanpy_default, variance, spatially_variable])
def test_as_many_genes_as_wanted_are_chosen(choice, expression):
    expression.X = csr_matrix(expression.X)
    before = expression.var.copy()
    mask = choice(expression, n_genes=12)
    assert 12 <= mask.sum() <= (15 if choice is scanpy_default else 12)  # scanpy keeps ties
    pd.testing.assert_frame_equal(expression.var, before)


def test_variance_takes_the_genes_that_vary_most(expression):
    expression.X = csr_matrix(expression.X)
    mask = variance(expression, 12)
    found = expression.X.toarray().var(axis=0)
    assert found[mask].min() >= found[~mask].max()


def test_every_method_is_given_every_choice_once():
    runs = planned(["a", "b"], [0, 1])
    assert len(runs) == len(set(runs))
    for split, methods in ((RANDOM, ("kNN", "DPVAE", "MLP", "DPSCVI")), (FEW, ("kNN", "DPVAE"))):
        for method in methods:
            found = {
                (run.section, run.seed, run.choice)
                for run in runs
                if (run.split, run.method) == (split, method)
            }
            assert found >= {(s, k, choice) for s in "ab" for k in (0, 1) for choice in CANDIDATES}


def test_a_row_has_the_run_and_its_scores(counts):
    counts.X = csr_matrix(counts.X, dtype=np.float32)
    section = Section("a", counts, holds_counts=True)
    run = planned(["a"], [0])[0]
    row = measured(run, section)
    assert [row[key] for key in KEYS] == ["a", RANDOM, 0, "kNN", DEFAULT]
    assert 0 < row["procrustes_disparity"] < 1.2
    assert row["cpu_seconds"] > 0


def test_cells_without_counts_are_put_into_the_middle(counts):
    values = counts.X.toarray()
    values[[3, 210]] = 0
    counts.X = counts.layers["counts"] = csr_matrix(values)
    reference, query = counts[:200].copy(), counts[200:].copy()
    problem = Problem(reference, query, query.obsm["spatial"], 0)

    def method(shown):
        assert shown.reference.n_obs == 199
        assert shown.query.n_obs == 39
        return shown.query.obsm["spatial"], None

    places = placed_with_counts(problem, method)
    np.testing.assert_array_equal(places[10], reference.obsm["spatial"].mean(axis=0))
    rest = np.arange(40) != 10
    np.testing.assert_array_equal(places[rest], problem.truth[rest])


def test_choices_are_compared_on_what_all_of_them_have(results):
    table = headline(results).splitlines()
    assert table[-1] == "kNN | 2, 2 | 0.600 | 0.375 | 0.300 | 0.50 | 0.80 | 4 of 4"
    partial = results[~((results["section"] == "b") & (results["choice"] == VARIANCE))]
    table = headline(partial).splitlines()
    assert table[-1] == "kNN | 1, 2 | 0.800 | 0.500 | 0.400 | 0.50 | 0.80 | 2 of 2"
    assert "b |" not in by_section(partial, "kNN")


def test_the_page_has_what_was_measured(results):
    text = page(results)
    assert "b | 2 | 0.400 | 0.250 | 0.200" in text
    assert "Places of 5 % are known\n" not in text


def test_numbers_of_genes_are_compared_where_all_were_tried(results):
    assert "| 0.2" not in by_number(results)
    more = pd.concat(
        [
            results,
            *(results[:1].assign(choice=choice, procrustes_disparity=0.25) for choice in CHOICES),
        ]
    ).drop_duplicates([*KEYS[:-1], "choice"])
    assert by_number(more).splitlines()[-1] == (
        "kNN | 1 | 0.800 | 0.500 | 0.400 | 0.250 | 0.250 | 0.250 | 0.250"
    )
