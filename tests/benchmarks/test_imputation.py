import anndata as ad
import numpy as np
import pandas as pd
import pytest
from benchmarks.imputation.comparison import against_others, variants
from benchmarks.imputation.figures import figures
from benchmarks.imputation.imputed import Imputed
from benchmarks.imputation.methods import METHODS
from benchmarks.imputation.page import page
from benchmarks.imputation.pairs import N_FOLDS, Pair, problem_of
from benchmarks.imputation.peers.exchange import logarithms
from benchmarks.imputation.runs import KEYS, Run, measured
from benchmarks.imputation.scores import (
    SCORES,
    coverage,
    error_of_z_scores,
    jensen_shannon,
    local_means,
    pearson,
    structural_similarity,
)
from benchmarks.imputation.summary import intervals, on_common_runs, summary
from scipy.spatial.distance import cdist, jensenshannon

WITHOUT_PEERS = ("kNN on components", "SpaGE-like", "ridge", "kernel ridge", "dpvae.tl.paint")


@pytest.fixture
def values():
    rng = np.random.default_rng(0)
    truth = rng.gamma(2.0, size=(80, 4))
    return truth, 0.5 * truth + rng.gamma(2.0, size=(80, 4))


@pytest.fixture
def pair():
    """Cells and positions of one tissue: 30 genes follow places and three programmes."""
    rng = np.random.default_rng(0)
    places = rng.uniform(size=(500, 2))
    programs = np.c_[places, rng.uniform(size=500)]
    rate = 6 * np.exp(2 * (programs - 0.5) @ rng.normal(size=(3, 30)))
    names = [f"gene {number}" for number in range(30)]
    adata = ad.AnnData(rng.poisson(rate).astype(np.float32), var=pd.DataFrame(index=names))
    tissue = adata[250:].copy()
    tissue.obsm["spatial"] = places[250:]
    tissue.layers["counts"] = tissue.X.copy()
    return Pair(adata[:250].copy(), tissue, is_stained=False)


def test_pearson_is_that_of_numpy_and_0_of_what_is_constant(values):
    truth, imputed = values
    imputed[:, 3] = 1.0
    expected = [np.corrcoef(truth[:, gene], imputed[:, gene])[0, 1] for gene in range(3)]
    np.testing.assert_allclose(pearson(truth, imputed), [*expected, 0.0], atol=1e-12)


def test_error_of_z_scores_follows_from_the_correlation(values):
    expected = np.sqrt(2 - 2 * pearson(*values))
    np.testing.assert_allclose(error_of_z_scores(*values), expected)
    constant = error_of_z_scores(values[0], np.ones_like(values[0]))
    np.testing.assert_allclose(constant, 1.0)


def test_structural_similarity_as_it_is_defined(values):
    truth, imputed = (array / array.max(axis=0) for array in values)
    expected = []
    for first, second in zip(truth.T, imputed.T, strict=True):
        covariance = np.cov(first, second, bias=True)
        light = (2 * first.mean() * second.mean() + 1e-4) / (
            first.mean() ** 2 + second.mean() ** 2 + 1e-4
        )
        rest = (2 * covariance[0, 1] + 9e-4) / (covariance[0, 0] + covariance[1, 1] + 9e-4)
        expected.append(light * rest)
    np.testing.assert_allclose(structural_similarity(*values), expected)
    np.testing.assert_allclose(structural_similarity(values[0], 3 * values[0]), 1.0)


def test_jensen_shannon_is_the_square_of_scipys(values):
    truth, imputed = values
    truth[:40] = 0
    expected = jensenshannon(truth, imputed, axis=0) ** 2
    np.testing.assert_allclose(jensen_shannon(truth, imputed), expected, rtol=1e-6)
    np.testing.assert_allclose(jensen_shannon(truth, 5 * truth), 0, atol=1e-12)
    negative = np.where(imputed < 1, -1.0, imputed)
    clipped = np.maximum(negative, 0)
    np.testing.assert_allclose(jensen_shannon(truth, negative), jensen_shannon(truth, clipped))


def test_local_means_and_coverage(values):
    truth, imputed = values
    places = np.random.default_rng(1).uniform(size=(80, 3))
    near = cdist(places, places).argsort(axis=1)[:, :10]
    expected = [truth[rows].mean(axis=0) for rows in near]
    np.testing.assert_allclose(local_means(truth, places), expected)
    scores = (truth - truth.mean(axis=0)) / truth.std(axis=0)
    lower = np.where(np.arange(80)[:, None] < 20, scores - 0.1, scores + 1)
    np.testing.assert_allclose(coverage(truth, lower, scores + 2), 0.25)
    np.testing.assert_allclose(coverage(3 * truth + 5, lower, scores + 2), 0.25)
    assert (coverage(truth, imputed - 1, imputed + 1) < 1).all()


def test_folds_share_no_gene_and_depend_on_the_seed(pair):
    folds = [problem_of(pair, fold, 0)[0].hidden for fold in range(N_FOLDS)]
    assert sorted(gene for fold in folds for gene in fold) == sorted(pair.tissue.var_names)
    assert problem_of(pair, 0, 1)[0].hidden != folds[0]
    problem, truth = problem_of(pair, 0, 0)
    assert not set(problem.shown) & set(problem.hidden)
    assert set(problem.hidden) <= set(problem.cells.var_names)
    counts = pair.tissue.X
    depth = pair.tissue[:, problem.shown].X.sum(axis=1)
    hidden = pair.tissue[:, problem.hidden].X
    np.testing.assert_allclose(truth, np.log1p(hidden / depth[:, None] * np.median(depth)), 1e-5)
    assert counts.shape[1] == 30


def test_nothing_of_hidden_genes_is_shown(pair):
    problem, _ = problem_of(pair, 2, 0)
    other = Pair(pair.cells, pair.tissue.copy(), is_stained=False)
    is_hidden = other.tissue.var_names.isin(problem.hidden)
    for values in (other.tissue.X, other.tissue.layers["counts"]):
        values[:, is_hidden] = 99.0
    again, _ = problem_of(other, 2, 0)
    np.testing.assert_array_equal(again.tissue.X, problem.tissue.X)
    np.testing.assert_array_equal(again.cells.X, problem.cells.X)
    assert again.tissue.var_names.equals(problem.tissue.var_names)


@pytest.mark.filterwarnings("ignore:Patterns that the cells draw")
@pytest.mark.parametrize("method", WITHOUT_PEERS)
def test_methods_find_what_genes_have_in_common(method, pair):
    problem, truth = problem_of(pair, 0, 0)
    found = METHODS[method](problem).values
    assert found.shape == truth.shape
    assert pearson(truth, found).mean() > 0.35
    assert pearson(truth, METHODS["mean of all"](problem).values).max() == 0
    assert np.abs(found.mean() - truth.mean()) < 0.3


@pytest.mark.parametrize("method", ["kNN on components", "SpaGE-like", "ridge", "kernel ridge"])
def test_units_of_a_technology_do_not_matter(method, pair):
    problem, _ = problem_of(pair, 0, 0)
    before = METHODS[method](problem).values
    problem.tissue.X = problem.tissue.X * np.linspace(1, 3, problem.tissue.n_vars) + 2
    np.testing.assert_allclose(METHODS[method](problem).values, before, atol=0.05)


def test_counts_of_peers_are_brought_to_the_depth_of_the_truth(pair):
    problem, truth = problem_of(pair, 1, 0)
    genes = pair.tissue.var_names
    known = pair.tissue[:, genes].X * np.linspace(0.5, 4, pair.tissue.n_obs)[:, None]
    found = logarithms(known, genes, problem.hidden, problem.tissue)
    np.testing.assert_allclose(found, truth, rtol=1e-4)


def test_a_model_may_give_intervals_and_trust(pair, monkeypatch):
    problem, truth = problem_of(pair, 0, 0)

    def perfect(_):
        trust = np.linspace(0, 1, truth.shape[1])
        scores = (truth - truth.mean(axis=0)) / truth.std(axis=0)
        return Imputed(truth, scores - 1, np.where(truth > 1, scores + 1, scores - 0.5), trust)

    monkeypatch.setitem(METHODS, "perfect", perfect)
    table = measured(Run("a pair", 0, 0, "perfect"), pair)
    assert table["gene"].tolist() == problem.hidden
    np.testing.assert_allclose(table["pearson"], 1.0)
    np.testing.assert_allclose(table["coverage"], (truth > 1).mean(axis=0))
    np.testing.assert_allclose(table["expected"], np.linspace(0, 1, len(table)))
    assert (table["local_pearson"] < 1).all()


@pytest.fixture
def results():
    rows = []
    for method, value, folds in (("good", 0.6, range(5)), ("poor", 0.2, range(2))):
        for fold in folds:
            for gene in range(4):
                score = value + 0.01 * fold + 0.001 * gene
                scores = {f"{level}{name}": score for level in ("", "local_") for name in SCORES}
                trust = {"coverage": 0.9, "expected": 0.1 + score} if method == "good" else {}
                rows.append(
                    {"pair": "fly", "seed": 0, "fold": fold, "method": method}
                    | {"gene": f"{fold}-{gene}", "cpu_seconds": 2.0, **scores}
                    | {"coverage": np.nan, "expected": np.nan, **trust}
                )
    return pd.DataFrame(rows)


def test_summary_is_over_genes_then_folds(results):
    table = summary(results, "fly", "")
    assert table.loc["good", "pearson"] == pytest.approx(0.6215)
    assert table.loc["good", "sd"] == pytest.approx(np.std(np.arange(5) / 100, ddof=1))
    assert table["runs"].tolist() == [5, 2]
    common, number = on_common_runs(results, "fly", "local_")
    assert number == 2
    assert common["good"] == pytest.approx(0.6065)
    known = intervals(results)
    assert known["method"].tolist() == ["good"]
    assert known.loc[0, ["coverage", "sd", "r", "difference"]].tolist() == pytest.approx(
        [0.9, 0.0, 1.0, 0.1]
    )


def test_page_and_figures(results, tmp_path):
    assert set(KEYS) <= set(results)
    text = page(results)
    shown = f"{summary(results, 'fly', '')['pearson']['good']:.3f}"
    assert f"good | **{shown}** | **{shown}** | **{shown}**" in text
    assert "poor | 0.2" in text
    assert "### Runs that all methods have: 2" in text
    assert "fly | good | 0.900 | 0.000 | 1.000 | 0.100" in text
    figures(results, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pearson.png"]


def test_methods_are_compared_on_the_same_runs():
    rows = [
        ("a", "DPVGAE", 0, 0, 0.3), ("a", "DPVGAE", 0, 1, 0.5), ("a", "ridge", 0, 0, 0.2),
        ("a", "ridge", 0, 1, 0.4), ("a", "ridge", 0, 2, 0.9), ("a", "gimVI", 0, 0, 0.9),
        ("a", "… kernel", 0, 1, 0.45),
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["pair", "method", "seed", "fold", "pearson"])
    for level in ("", "local_"):
        for score in SCORES:
            table[f"{level}{score}"] = table["pearson"]
    (found,) = against_others(table).to_dict("records")
    assert (found["runs"], found["best other"]) == (2, "ridge")
    assert found["ratio"] == pytest.approx(0.4 / 0.3)
    (variant,) = variants(table).to_dict("records")
    assert (variant["variant"], variant["runs"]) == ("kernel", 1)
    assert variant["difference"] == pytest.approx(-0.05)
