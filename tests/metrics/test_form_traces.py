import numpy as np
import pytest

from dpvae.metrics.form_traces import FormTraces

SIZES = (20, 15, 25)


@pytest.fixture
def functions():
    return np.random.default_rng(0).normal(size=(60, 7)) * np.linspace(0.1, 1.5, 7)


@pytest.fixture
def traces(functions):
    parts = np.split(functions, np.cumsum(SIZES)[:-1])
    return FormTraces.of(np.stack([part.T @ part for part in parts]), np.array(SIZES, dtype=float))


def test_sums_are_those_of_the_whole_matrix(functions, traces):
    variances = np.random.default_rng(1).uniform(0.2, 3.0, size=(3, 5))
    group = np.repeat(np.arange(3), SIZES)
    kernel = functions @ functions.T
    within = np.array([np.diag(kernel)[group == k].mean() for k in range(3)])
    found = traces.powers(variances)
    for gene, noise in enumerate(variances.T):
        whole = (kernel - np.diag(within[group])) * noise[group]
        for power, sums in zip((2, 3, 4), found, strict=True):
            expected = np.trace(np.linalg.matrix_power(whole, power))
            assert sums[gene] == pytest.approx(expected, rel=1e-9)
        assert traces.expected(variances)[gene] == pytest.approx(np.trace(kernel * noise[group]))


def test_the_form_varies_as_said_although_its_mean_is_estimated(functions, traces):
    rng = np.random.default_rng(2)
    values = rng.normal(size=(60, 40_000)) * np.sqrt(np.repeat([0.5, 1.0, 3.0], SIZES))[:, None]
    starts = np.r_[0, np.cumsum(SIZES)[:-1]]
    variances = np.add.reduceat(values**2, starts) / traces.freedom[:, None]
    excess = ((functions.T @ values) ** 2).sum(axis=0) - traces.expected(variances)
    squares, cubes, _ = traces.powers(np.array([[0.5], [1.0], [3.0]]))
    assert abs(excess.mean()) < 0.05 * excess.std()
    assert excess.var() == pytest.approx(2 * squares[0], rel=0.05)
    assert (excess**3).mean() == pytest.approx(8 * cubes[0], rel=0.2)
