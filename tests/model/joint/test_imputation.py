import numpy as np
import pytest
from scipy.sparse import identity

from dpvae.geometry.neighborhood import neighborhood_weights
from dpvae.model.joint.imputation import Imputation, ReadOuts, fit_imputation

N_CELLS, N_GENES = 400, 9


@pytest.fixture
def read_outs():
    rng = np.random.default_rng(0)
    signal = rng.normal(size=(N_CELLS, N_GENES)).astype(np.float32)
    noise = rng.normal(size=(4, N_CELLS, N_GENES)).astype(np.float32)
    ways = noise * np.array([1.0, 1.0, 50.0, 0.5], np.float32)[:, None, None] + signal
    spread = rng.uniform(0.5, 1.5, (N_CELLS, N_GENES)).astype(np.float32)
    return signal, ReadOuts(ways.astype(np.float32), spread)


def fitted(signal, found, tissue=None):
    tissue = identity(len(signal), format="csr") if tissue is None else tissue
    return fit_imputation(found, signal, tissue)


def test_weights_are_those_of_the_smallest_error_but_for_one_gene_that_says_equal_ones(read_outs):
    signal, found = read_outs
    fit = fitted(signal, found)
    ways = found.ways.reshape(4, -1).T
    square = ways.T @ ways / N_CELLS + 0.1 * np.eye(4)
    expected = np.linalg.solve(square, ways.T @ signal.ravel() / N_CELLS + 0.1 / 4)
    np.testing.assert_allclose(fit.weights, np.maximum(expected, 0), atol=2e-3)
    assert fit.weights.argmax() == 3
    mean = fit.mean(found, identity(N_CELLS, format="csr"))
    np.testing.assert_allclose(mean.ravel(), ways @ fit.weights, atol=1e-4)


def test_intervals_hold_what_they_say_on_other_genes(read_outs):
    signal, found = read_outs
    half = slice(0, 5), slice(5, 9)
    fit = fit_imputation(
        ReadOuts(found.ways[:, :, half[0]], found.spread[:, half[0]]),
        signal[:, half[0]],
        identity(N_CELLS, format="csr"),
    )
    other = ReadOuts(found.ways[:, :, half[1]], found.spread[:, half[1]])
    mean = fit.mean(other, identity(N_CELLS, format="csr"))
    for level in (0.5, 0.9):
        inside = np.abs(signal[:, half[1]] - mean) <= fit.margin(other, level)
        assert inside.mean() == pytest.approx(level, abs=0.04)


def test_patterns_are_smoothed_and_noise_between_cells_is_not_kept():
    rng = np.random.default_rng(0)
    places = rng.uniform(size=(600, 2))
    signal = np.stack([np.sin(6 * places @ rng.normal(size=2)) for _ in range(6)], axis=1)
    ways = (signal + 2 * rng.normal(size=(4, 600, 6))).astype(np.float32)
    found = ReadOuts(ways, np.ones_like(ways[0]))
    tissue = neighborhood_weights(places, np.zeros(600), 10)
    smooth = fit_imputation(found, signal.astype(np.float32), tissue)
    assert smooth.smoothing >= 0.75
    noise = rng.normal(size=(600, 6))
    ways = (noise + rng.normal(size=(4, 600, 6))).astype(np.float32)
    rough = fit_imputation(ReadOuts(ways, np.ones_like(ways[0])), noise.astype(np.float32), tissue)
    assert rough.smoothing == 0


def test_what_is_expected_is_scaled_by_what_was_reached():
    fit = Imputation(np.ones(4), 0.0, np.linspace(0, 2, 201), reached=0.3, promised=0.6)
    mean = np.array([[0.2, 0.8, 9.0], [-0.2, -0.8, -9.0]], np.float32)
    np.testing.assert_allclose(fit.expected_correlation(mean), [0.1, 0.4, 1.0], rtol=1e-6)
    assert np.isnan(fit.expected_correlation(mean[:1])).all()
    nothing = Imputation(np.ones(4), 0.0, np.linspace(0, 2, 201), reached=0.3, promised=0.01)
    assert np.isnan(nothing.expected_correlation(mean)).all()


def test_correlations_that_differ_between_genes_are_expected():
    """Genes of which read-outs know more and less, the same share of each as regressions do."""
    rng = np.random.default_rng(0)
    known = np.linspace(0.1, 0.9, 12)
    signal, noise = rng.normal(size=(2, 4000, 12))
    true = (known * signal + np.sqrt(1 - known**2) * noise).astype(np.float32)
    ways = np.stack([known * signal + 0.05 * rng.normal(size=signal.shape) for _ in range(4)])
    half = slice(0, 12, 2), slice(1, 12, 2)
    tissue = identity(4000, format="csr")
    calibration, hidden = (
        ReadOuts(ways[:, :, some].astype(np.float32), np.ones((4000, 6), np.float32))
        for some in half
    )
    fit = fit_imputation(calibration, true[:, half[0]], tissue)
    expected = fit.expected_correlation(fit.mean(hidden, tissue))
    np.testing.assert_allclose(expected, known[half[1]], atol=0.07)


def test_read_outs_that_say_nothing_leave_the_decoder(read_outs):
    signal, _ = read_outs
    found = ReadOuts(-np.stack([signal] * 4), np.ones_like(signal))
    assert fitted(signal, found).weights.tolist() == [1.0, 0.0, 0.0, 0.0]


def test_few_genes_give_no_way_that_hardly_varies_a_large_weight():
    """Painted patterns that are nearly flat, and by chance like two of the calibration genes."""
    rng = np.random.default_rng(0)
    true = rng.normal(size=(400, 5)).astype(np.float32)
    ways = 0.3 * rng.normal(size=(4, 400, 5))
    ways[2] = 0.01 * (0.3 * true + rng.normal(size=true.shape))
    found = ReadOuts(ways.astype(np.float32), np.ones((400, 5), np.float32))
    fit = fitted(true, found)
    assert fit.weights.max() < 0.5
    assert fit.mean(found, identity(400, format="csr")).std() < 0.3
