import warnings

import numpy as np
import pytest
import scanpy as sc
from scipy.sparse import coo_matrix, csr_matrix
from scipy.stats import norm
from sklearn.neighbors import kneighbors_graph

from dpvae.metrics import autocorrelation, false_discovery_rate


@pytest.fixture
def tissue():
    rng = np.random.default_rng(0)
    places = rng.uniform(size=(200, 2))
    graph = kneighbors_graph(places, 5)
    waves = np.sin(places @ rng.normal(size=(2, 12)) * 5.0)
    counts = rng.poisson(np.exp(waves - 1.0)).astype(float)
    return graph, counts


def naive(values, weights):
    n, z = len(values), values - values.mean()
    products = differences = 0.0
    for i in range(n):
        for j in range(n):
            products += weights[i, j] * z[i] * z[j]
            differences += weights[i, j] * (z[i] - z[j]) ** 2
    total = weights.sum()
    return (
        n / total * products / (z**2).sum(),
        (n - 1) / (2 * total) * differences / (z**2).sum(),
    )


@pytest.mark.parametrize("kind", [np.asarray, csr_matrix])
def test_equals_a_double_loop(tissue, kind):
    graph, counts = tissue
    counts = counts[:, :3] + np.array([0.0, 0.0, 1e6])
    found = autocorrelation(kind(counts), graph)
    expected = np.array([naive(column, graph.toarray()) for column in counts.T]).T
    np.testing.assert_allclose(found.morans_i.value[:2], expected[0, :2], atol=1e-12)
    np.testing.assert_allclose(found.gearys_c.value[:2], expected[1, :2], atol=1e-12)
    tolerance = 1e-9 if kind is np.asarray else 1e-2
    np.testing.assert_allclose(found.morans_i.value[2], expected[0, 2], atol=tolerance)


@pytest.mark.slow  # scanpy compiles
@pytest.mark.parametrize("kind", [np.asarray, csr_matrix])
def test_agrees_with_scanpy(tissue, kind):
    graph, counts = tissue
    found = autocorrelation(kind(counts), graph)
    moran = sc.metrics.morans_i(graph, csr_matrix(counts.T))
    geary = sc.metrics.gearys_c(graph, csr_matrix(counts.T))
    np.testing.assert_allclose(found.morans_i.value, moran, atol=1e-10)
    np.testing.assert_allclose(found.gearys_c.value, geary, atol=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("symmetric", [True, False])
def test_agrees_with_esda_in_values_and_variances(tissue, symmetric):
    from esda.geary import Geary
    from esda.moran import Moran
    from libpysal.weights import WSP, WSP2W

    graph, counts = tissue
    if symmetric:
        graph = graph.maximum(graph.T)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        weights = WSP2W(WSP(csr_matrix(graph)))
        found = autocorrelation(csr_matrix(counts), graph)
        for k, column in enumerate(counts.T):
            moran = Moran(column, weights, transformation="o", permutations=0)
            geary = Geary(column, weights, transformation="o", permutations=0)
            for ours, theirs in (
                (found.morans_i.value, moran.I),
                (found.morans_i.variance_normality, moran.VI_norm),
                (found.morans_i.variance_randomization, moran.VI_rand),
                (found.morans_i.p_randomization, norm.sf(moran.z_rand)),
                (found.gearys_c.value, geary.C),
                (found.gearys_c.variance_normality, geary.VC_norm),
                (found.gearys_c.variance_randomization, geary.VC_rand),
            ):
                assert ours[k] == pytest.approx(theirs, abs=1e-10)


@pytest.mark.slow
def test_randomization_variance_and_p_values_are_those_of_joint_permutations(tissue):
    graph, counts = tissue
    rng = np.random.default_rng(1)
    skewed = rng.poisson(0.3, size=(200, 3)).astype(float)
    values = np.hstack([counts[:, :2], skewed])
    found = autocorrelation(values, graph, n_permutations=2000)
    shuffled = [rng.permutation(200) for _ in range(2000)]
    drawn = [autocorrelation(values[order], graph) for order in shuffled]
    for name in ("morans_i", "gearys_c"):
        variance = np.var([getattr(d, name).value for d in drawn], axis=0)
        ratio = variance / getattr(found, name).variance_randomization
        np.testing.assert_allclose(ratio, 1.0, atol=0.12)
        statistic = getattr(found, name)
        np.testing.assert_allclose(statistic.p_permutation, statistic.p_randomization, atol=0.04)


def test_permutations_move_all_variables_together(tissue):
    graph, counts = tissue
    twice = np.hstack([counts[:, :1], counts[:, :1], -3.0 * counts[:, :1] + 2.0])
    found = autocorrelation(twice, graph, n_permutations=50)
    assert len(set(found.morans_i.p_permutation)) == 1


def test_chance_values():
    rng = np.random.default_rng(0)
    graph = kneighbors_graph(rng.uniform(size=(400, 2)), 5)
    found = autocorrelation(rng.normal(size=(400, 300)), graph)
    assert found.morans_i.value.mean() == pytest.approx(-1 / 399, abs=0.006)
    assert found.gearys_c.value.mean() == pytest.approx(1.0, abs=0.006)
    for statistic in (found.morans_i, found.gearys_c):
        assert (statistic.p_randomization < 0.05).mean() == pytest.approx(0.05, abs=0.035)
        assert (statistic.p_normality < 0.05).mean() == pytest.approx(0.05, abs=0.035)


def test_float32_and_integers_are_summed_in_double_precision(tissue):
    graph, counts = tissue
    expected = autocorrelation(counts, graph).morans_i.value
    for dtype in (np.float32, np.uint16):
        found = autocorrelation(csr_matrix(counts).astype(dtype), graph).morans_i.value
        np.testing.assert_allclose(found, expected, atol=1e-12)


def test_follows_the_order_of_the_cells_and_ignores_shift_and_scale(tissue):
    graph, counts = tissue
    order = np.random.default_rng(0).permutation(200)
    expected = autocorrelation(counts, graph)
    found = autocorrelation(-7.0 * counts[order] + 5.0, graph[order][:, order])
    np.testing.assert_allclose(found.morans_i.value, expected.morans_i.value, atol=1e-10)
    np.testing.assert_allclose(found.gearys_c.value, expected.gearys_c.value, atol=1e-10)


@pytest.mark.parametrize("kind", [np.asarray, csr_matrix])
def test_constant_variables_are_nan_with_a_warning(tissue, kind):
    graph, counts = tissue
    counts[:, 1], counts[:, 4] = 0.0, 3.7
    with pytest.warns(UserWarning, match="2 of 12 variables are constant"):
        found = autocorrelation(kind(counts), graph, n_permutations=3)
    for statistic in (found.morans_i, found.gearys_c):
        for values in (statistic.value, statistic.p_randomization, statistic.p_permutation):
            assert np.isnan(values[[1, 4]]).all()
            assert np.isfinite(np.delete(values, [1, 4])).all()


def test_isolated_cells_count_in_the_variance_only(tissue):
    graph, counts = tissue
    cut = graph.tolil()
    cut[:5], cut[:, :5] = 0, 0
    cut = csr_matrix(cut)
    found = autocorrelation(counts[:, :1], cut)
    moran, geary = naive(counts[:, 0], cut.toarray())
    assert found.morans_i.value[0] == pytest.approx(moran, abs=1e-12)
    assert found.gearys_c.value[0] == pytest.approx(geary, abs=1e-12)


def test_sparse_values_are_never_dense():
    import tracemalloc

    rng = np.random.default_rng(0)
    rows = np.r_[np.zeros(500, dtype=int), rng.integers(0, 5_000, size=20_000)]
    genes = np.r_[np.arange(500), rng.integers(0, 500, size=20_000)]
    values = coo_matrix((np.ones(20_500), (rows, genes)), (5_000, 500)).tocsr()
    pairs = rng.integers(0, 5_000, size=(2, 20_000))
    graph = coo_matrix((np.ones(20_000), pairs), (5_000, 5_000)).tocsr()
    autocorrelation(values[:200], csr_matrix(np.eye(200, k=1)))
    tracemalloc.start()
    autocorrelation(values, graph)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5_000 * 500 * 8 / 5


def test_false_discovery_rate_is_that_of_benjamini_and_hochberg():
    found = false_discovery_rate(np.array([0.03, np.nan, 0.01, 0.5]))
    np.testing.assert_allclose(found, [0.045, np.nan, 0.03, 0.5])
    assert np.isnan(false_discovery_rate(np.array([np.nan]))).all()


GRAPH = csr_matrix(np.eye(6, k=1))


@pytest.mark.parametrize(
    ("values", "graph", "message"),
    [
        (np.ones((5, 2)), GRAPH, r"values have shape \(5, 2\); the graph has 6"),
        (np.full((6, 2), np.nan), GRAPH, "values hold 12 NaN"),
        (np.full((6, 1), "a"), GRAPH, "numbers are needed"),
        (np.ones((6, 2)), np.eye(6), "graph is ndarray"),
        (np.ones((6, 2)), csr_matrix((6, 6)), "graph connects no two cells"),
        (np.ones((6, 2)), csr_matrix(np.eye(6)), "graph connects no two cells"),
        (np.ones((6, 2)), GRAPH * np.inf, "5 weights that are not finite"),
        (np.ones((3, 2)), GRAPH[:3, :3], "graph has 3 cells; at least 4"),
    ],
)
def test_wrong_input_is_refused(values, graph, message):
    with pytest.raises(ValueError, match=message):
        autocorrelation(values, graph)
