import numpy as np
import pytest

from dpvae.geometry import likely_positions
from dpvae.geometry.likely_positions import (
    SHARPNESSES,
    LikelyPositions,
    cells_at_once,
    fit_likely_positions,
)


def tissue(n, n_genes=40, noise=0.0, seed=0, draw=1):
    """Genes that are waves along a line, the same for every draw of cells."""
    waves = np.random.default_rng(seed)
    frequency, phase = 8 * waves.normal(size=n_genes), waves.uniform(0, 2 * np.pi, n_genes)
    rng = np.random.default_rng(draw)
    places = rng.uniform(size=(n, 1))
    genes = np.cos(places * frequency + phase) + noise * rng.normal(size=(n, n_genes))
    return genes.astype(np.float32), places


def test_probabilities_are_those_of_numpys_correlations():
    rng = np.random.default_rng(0)
    cells, positions = rng.normal(size=(7, 12)), rng.normal(size=(9, 12))
    likely = fit_likely_positions(cells.astype("f4"), positions.astype("f4"))
    center = positions.mean(axis=0)
    expected = np.empty((7, 9))
    for i, cell in enumerate(cells):
        r = [np.corrcoef(cell - center, position - center)[0, 1] for position in positions]
        expected[i] = np.exp(likely.sharpness * np.array(r))
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(likely.probabilities(cells.astype("f4")), expected, rtol=1e-3)


def test_patterns_are_weighted_means_however_cells_are_divided():
    cells, _ = tissue(50, noise=0.5)
    positions, _ = tissue(30, draw=2)
    values = np.random.default_rng(3).normal(size=(50, 4)).astype("f4")
    likely = fit_likely_positions(cells, positions)
    weight = likely.probabilities(cells).astype(float)
    expected = np.array([np.average(values, axis=0, weights=column) for column in weight.T])
    blocks = [(cells[:1], values[:1]), (cells[1:20], values[1:20]), (cells[20:], values[20:])]
    np.testing.assert_allclose(likely.patterns(blocks), expected, atol=1e-5)
    np.testing.assert_allclose(likely.patterns([(cells, values)]), expected, atol=1e-5)


def test_sharpness_is_the_one_that_draws_hidden_genes_best(monkeypatch):
    cells, _ = tissue(300, noise=1.0)
    positions, _ = tissue(200, draw=2)
    chosen = fit_likely_positions(cells, positions)
    scores = []
    for sharpness in SHARPNESSES:
        monkeypatch.setattr(likely_positions, "SHARPNESSES", np.array([sharpness]))
        scores.append(fit_likely_positions(cells, positions).hidden_correlation)
    assert chosen.hidden_correlation == max(scores)
    monkeypatch.setattr(likely_positions, "SHARPNESSES", SHARPNESSES[[int(np.argmax(scores))]])
    assert chosen.sharpness == fit_likely_positions(cells, positions).sharpness
    assert max(scores) - scores[0] > 0.02
    assert max(scores) - scores[-1] > 0.02


def test_hidden_correlation_is_what_is_reached_on_genes_that_were_left_out():
    cells, _ = tissue(400, n_genes=80, noise=1.0)
    positions, _ = tissue(300, n_genes=80, draw=2)
    likely = fit_likely_positions(cells[:, :40], positions[:, :40])
    drawn = likely.patterns([(cells[:, :40], cells[:, 40:])])
    reached = [np.corrcoef(drawn[:, k], positions[:, 40 + k])[0, 1] for k in range(40)]
    assert likely.hidden_correlation == pytest.approx(np.mean(reached), abs=0.08)


def test_noisier_cells_are_less_sure_of_their_position():
    positions, _ = tissue(200, draw=2)
    entropy = []
    for noise in (0.2, 1.0, 3.0):
        cells, _ = tissue(300, noise=noise)
        weight = fit_likely_positions(cells, positions).probabilities(cells)
        entropy.append(-(weight * np.log(weight)).sum(axis=1).mean())
    assert entropy[0] < entropy[1] < entropy[2]


def test_cell_that_fits_two_positions_is_shared_between_them():
    positions = np.array([[1, 0, 0, 1], [1, 0, 0, 1], [0, 1, 1, 0], [0, 0, 1, 1]], np.float32)
    profiles = np.array([[1, -1, -1, 1], [1, -1, -1, 1], [-1, 1, 1, -1], [-1, -1, 1, 1]], "f4") / 2
    center = positions.mean(axis=0)
    weight = LikelyPositions(center, profiles, 50.0, 0.0).probabilities(positions[:1])[0]
    np.testing.assert_allclose(weight, [0.5, 0.5, 0, 0], atol=1e-6)


def test_positions_that_no_cell_resembles_get_a_mean_of_all():
    cells = np.tile(np.array([[1, 0, 0, 0], [0.9, 0, 0, 0.1]], np.float32), (5, 1))
    positions = np.array([[1, 0, 0, 0], [-1, 0, 0, 0]], np.float32)
    profiles = np.array([[1, -1, 0, 0], [-1, 1, 0, 0]], np.float32) / np.sqrt(2).astype("f4")
    likely = LikelyPositions(positions.mean(axis=0), profiles, 1e6, 0.0)
    drawn = likely.patterns([(cells, np.arange(10, dtype=np.float32)[:, None])])
    np.testing.assert_allclose(drawn[1], 4.5, atol=1e-5)


def test_constant_cells_and_genes_say_nothing():
    cells, _ = tissue(60)
    positions, _ = tissue(50, draw=2)
    cells[0], cells[:, 3], positions[:, 3] = 0.0, 0.0, 0.0
    likely = fit_likely_positions(cells, positions)
    assert np.isfinite(likely.hidden_correlation)
    flat = LikelyPositions(np.zeros(40, "f4"), likely.profiles, likely.sharpness, 0.0)
    np.testing.assert_allclose(flat.probabilities(cells[:1]), 1 / 50, rtol=1e-5)


def test_same_seed_same_choice():
    cells, _ = tissue(60, noise=0.5)
    positions, _ = tissue(1200, noise=0.5, draw=2)
    one, two = (fit_likely_positions(cells, positions, seed=4) for _ in range(2))
    assert (one.sharpness, one.hidden_correlation) == (two.sharpness, two.hidden_correlation)
    other = fit_likely_positions(cells, positions, seed=5)
    assert one.hidden_correlation != other.hidden_correlation


def test_blocks_hold_at_most_four_million_probabilities():
    for n_positions in (1, 50, 3_000, 10_000_000):
        assert 1 <= cells_at_once(n_positions) <= max(4_000_000 / n_positions, 1)
