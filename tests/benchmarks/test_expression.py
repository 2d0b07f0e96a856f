import numpy as np
import pandas as pd
import pytest
from benchmarks.expression.methods import kernel, mean, neighbors, processes
from benchmarks.expression.page import page
from benchmarks.expression.runs import KEYS, Run, measured
from benchmarks.expression.scores import (
    correlation,
    correlation_of_logarithms,
    negative_log_likelihood,
)
from scipy.stats import nbinom


@pytest.fixture
def tissue(counts):
    """Five of the genes rise from left to right."""
    counts.X = counts.X.astype(np.float32)
    rng = np.random.default_rng(0)
    x = counts.obsm["spatial"][:, 0]
    rate = 1 + 9 * (x - x.min()) / np.ptp(x)
    dense = counts.X.toarray()
    dense[:, :5] = rng.poisson(rate[:, None], (counts.n_obs, 5))
    counts.X = type(counts.X)(dense)
    return counts


def test_likelihood_is_that_of_the_dispersion_that_fits_the_other_half():
    rng = np.random.default_rng(0)
    shares = rng.dirichlet(np.full(30, 5.0), 400)
    mean = 3000 * shares[:, :1]
    counts = np.hstack([rng.negative_binomial(4, 4 / (4 + mean)), np.zeros((400, 29))])
    counts[:, 1] = 3000 - counts[:, 0]
    found = negative_log_likelihood(counts, shares)[0]
    expected = -nbinom.logpmf(counts[:, 0], 4, 4 / (4 + mean[:, 0])).mean()
    assert found == pytest.approx(expected, rel=0.01)


def test_correlations_are_those_of_numpy_and_0_of_what_is_constant():
    rng = np.random.default_rng(0)
    counts, shares = rng.poisson(5, (50, 3)) + 1.0, rng.random((50, 3))
    shares[:, 2] = 0.3
    measured_shares = counts / counts.sum(axis=1, keepdims=True)
    found = correlation(counts, shares)
    assert found[2] == 0
    assert found[0] == pytest.approx(np.corrcoef(measured_shares[:, 0], shares[:, 0])[0, 1])
    logged = correlation_of_logarithms(counts, shares, 15.0)
    expected = np.corrcoef(np.log1p(15 * measured_shares[:, 1]), np.log1p(15 * shares[:, 1]))[0, 1]
    assert logged[1] == pytest.approx(expected, rel=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("method", [neighbors, kernel, processes])
def test_simple_methods_find_a_gradient_and_give_shares(method, tissue):
    known, hidden = tissue[40:].copy(), tissue[:40]
    shares = method(known, hidden.obsm["spatial"], 0)
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)
    counts = hidden.X.toarray()
    assert correlation(counts, shares)[:5].mean() > 0.4
    of_all = mean(known, hidden.obsm["spatial"], 0)
    better = negative_log_likelihood(counts, of_all) - negative_log_likelihood(counts, shares)
    assert better[:5].mean() > 0.1


def test_hidden_cells_are_not_seen(tissue, monkeypatch):
    seen = []

    def spy(known, places, seed):
        seen.append((known.obsm["spatial"], places))
        return mean(known, places, seed)

    monkeypatch.setitem(measured.__globals__["METHODS"], "spy", spy)
    row = measured(Run("a", 0, "spy"), tissue)
    known, places = seen[0]
    assert len(places) == 24
    assert not set(map(tuple, known)) & set(map(tuple, places))
    assert abs(row["pearson"]) < 1e-6


def test_page_marks_the_best_of_each_section():
    rows = [
        ("a", seed, method, nll, pearson, pearson, 1.0)
        for seed in (0, 1)
        for method, nll, pearson in (("mean of all", 1.0, 0.0), ("SPAVAE", 0.9, 0.3))
    ]
    columns = [*KEYS, "nll", "pearson", "pearson_log", "cpu_seconds"]
    text = page(pd.DataFrame(rows, columns=columns))
    assert "a | 1.0000 | **0.9000**" in text
    assert "over seeds (2 here)" in text
    assert "a | 0.000 | **0.300**" in text
