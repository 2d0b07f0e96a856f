import numpy as np
import pytest

from dpvae.geometry.surfaces.cosines import Cosines
from dpvae.geometry.surfaces.surfaces import (
    CELLS_AT_A_TIME,
    LENGTHS,
    N_FOLDS,
    SHARES,
    blocks,
    fit_surfaces,
)

N_COSINES = 60


def scattered(n_cells=150, n_dims=2, seed=0):
    return np.random.default_rng(seed).uniform(size=(n_cells, n_dims)) * [10.0, 7.0, 5.0][:n_dims]


def waves(places, n_values=4, noise=0.4, seed=1):
    rng = np.random.default_rng(seed)
    speed = rng.normal(size=(places.shape[1], n_values)) * np.linspace(0.1, 1.5, n_values)
    smooth = np.sin(places @ speed + rng.uniform(0, 6, n_values))
    return 5.0 + smooth + noise * rng.normal(size=smooth.shape)


def kernel(cosines, one, other, length, cells):
    """Kernel of the cosines, of mean variance 1 over the cells."""
    at_cells, variances = cosines.at(cells), cosines.variances(length)
    mean = (at_cells**2 @ variances).mean()
    return (cosines.at(one) * variances) @ cosines.at(other).T / mean


def exact_heights(surfaces, number, new, places, values, cells):
    """Heights of a dense Gaussian process of some cells, with the length and share of a value."""
    length, share = surfaces.length[number], surfaces.share[number]
    inner = kernel(surfaces.cosines, places[cells], places[cells], length, places)
    cross = kernel(surfaces.cosines, new, places[cells], length, places)
    covariance = share * inner + (1.0 - share) * np.eye(len(inner))
    center = values[:, number].mean()
    return center + share * cross @ np.linalg.solve(covariance, values[cells, number] - center)


@pytest.mark.parametrize(("n_cells", "n_dims"), [(150, 2), (150, 3), (25, 2)])
def test_equals_an_exact_gaussian_process(n_cells, n_dims):
    places = scattered(n_cells, n_dims)
    values, new = waves(places), scattered(40, n_dims, seed=2)
    fitted = fit_surfaces(places, values, n_cosines=N_COSINES)
    found, everyone = fitted.surfaces.at(new), np.arange(n_cells)
    for number in range(values.shape[1]):
        expected = exact_heights(fitted.surfaces, number, new, places, values, everyone)
        np.testing.assert_allclose(found[:, number], expected, atol=1e-6)


def test_few_cells_need_no_matrix_of_all_cosines(monkeypatch):
    sizes, eigh = [], np.linalg.eigh
    monkeypatch.setattr(np.linalg, "eigh", lambda of: (sizes.append(len(of)), eigh(of))[1])
    places = scattered(50)
    fit_surfaces(places, waves(places), n_cosines=N_COSINES)
    assert set(sizes) == {40, 50}


def matern(one, other, length):
    scaled = np.sqrt(3.0) * np.linalg.norm(one[:, None] - other, axis=-1) / length
    return (1.0 + scaled) * np.exp(-scaled)


@pytest.mark.slow
def test_is_near_a_gaussian_process_of_the_true_kernel():
    places, new = scattered(300), scattered(60, seed=2)
    values = waves(places)
    surfaces = fit_surfaces(places, values).surfaces
    for number, found in enumerate(surfaces.at(new).T):
        length = surfaces.length[number] * np.ptp(places, axis=0).max()
        share, center = surfaces.share[number], values[:, number].mean()
        covariance = share * matern(places, places, length) + (1.0 - share) * np.eye(300)
        solved = np.linalg.solve(covariance, values[:, number] - center)
        expected = center + share * matern(new, places, length) @ solved
        assert np.sqrt(((found - expected) ** 2).mean()) < 0.15 * expected.std()


def dense_log_likelihood(covariance, centred):
    """Of N(0, variance · covariance), with the most likely variance."""
    n_cells = len(centred)
    variance = centred @ np.linalg.solve(covariance, centred) / n_cells
    log_determinant = np.linalg.slogdet(covariance)[1]
    return -0.5 * (n_cells * np.log(2 * np.pi * variance) + log_determinant + n_cells)


@pytest.mark.parametrize("n_cells", [30, 80])
def test_length_and_share_are_the_most_likely(n_cells):
    places = scattered(n_cells)
    values = np.hstack([waves(places), np.random.default_rng(3).normal(size=(n_cells, 2))])
    surfaces = fit_surfaces(places, values, n_cosines=N_COSINES).surfaces
    centred = values - values.mean(axis=0)
    likelihood = np.empty((len(LENGTHS), len(SHARES), values.shape[1]))
    for i, length in enumerate(LENGTHS):
        inner = kernel(surfaces.cosines, places, places, length, places)
        for j, share in enumerate(SHARES):
            covariance = share * inner + (1.0 - share) * np.eye(n_cells)
            likelihood[i, j] = [dense_log_likelihood(covariance, column) for column in centred.T]
    for number in range(values.shape[1]):
        length, share = surfaces.length[number], surfaces.share[number]
        chosen = np.searchsorted(LENGTHS, length), np.searchsorted(SHARES, share)
        best = np.unravel_index(likelihood[..., number].argmax(), likelihood.shape[:2])
        assert chosen == tuple(best)


def test_left_out_heights_are_of_refits_without_the_fifth():
    places = scattered()
    values = waves(places)
    fitted = fit_surfaces(places, values, n_cosines=N_COSINES)
    found = fitted.left_out(places)
    assert np.bincount(fitted.fold).tolist() == [30] * N_FOLDS
    for fold in range(N_FOLDS):
        mine, others = np.flatnonzero(fitted.fold == fold), np.flatnonzero(fitted.fold != fold)
        for number in range(values.shape[1]):
            expected = exact_heights(
                fitted.without[fold], number, places[mine], places, values, others
            )
            np.testing.assert_allclose(found[mine, number], expected, atol=1e-6)


def test_a_cell_has_hardly_an_influence_on_its_own_left_out_height():
    places = scattered()
    values = waves(places)
    fitted = fit_surfaces(places, values, n_cosines=N_COSINES)
    changed = values.copy()
    changed[0] += 0.01
    again = fit_surfaces(places, changed, n_cosines=N_COSINES)
    moved = (again.left_out(places) - fitted.left_out(places))[0]
    moved_seen = (again.surfaces.at(places) - fitted.surfaces.at(places))[0]
    assert (np.abs(moved) <= 0.01 / len(places) + 1e-9).all()  # by the mean alone
    assert (moved_seen > 2 * np.abs(moved)).all()


@pytest.mark.slow
def test_length_and_share_of_simulated_values_are_recovered():
    places = scattered(1500)
    rng = np.random.default_rng(4)
    cosines = Cosines.around(places)
    basis = cosines.at(places)
    truth = np.array([(length, share) for length in (1, 3, 5) for share in (6, 9, 12)] * 4)
    values = np.empty((1500, len(truth)))
    for number, (i, j) in enumerate(truth):
        deviation = np.sqrt(cosines.variances(LENGTHS[i]))
        deviation /= np.sqrt((basis**2 @ deviation**2).mean())
        smooth, noise = basis @ (deviation * rng.normal(size=256)), rng.normal(size=1500)
        values[:, number] = np.sqrt(SHARES[j]) * smooth + np.sqrt(1.0 - SHARES[j]) * noise
    surfaces = fit_surfaces(places, values).surfaces
    found = np.c_[
        np.searchsorted(LENGTHS, surfaces.length), np.searchsorted(SHARES, surfaces.share)
    ]
    off = found - truth
    assert (np.abs(off) <= 1).mean() > 0.85
    assert (np.abs(off) <= 2).mean() > 0.95
    assert (np.abs(off.mean(axis=0)) < 0.3).all()


@pytest.mark.slow
def test_surfaces_are_near_the_truth_and_noise_has_none():
    places = scattered(2000)
    truth = np.c_[np.sin(places[:, 0]), np.cos(places[:, 1]), np.zeros(2000)]
    values = truth + np.random.default_rng(5).normal(size=(2000, 3))
    fitted = fit_surfaces(places, values)
    error = np.sqrt(((fitted.surfaces.at(places) - truth) ** 2).mean(axis=0))
    assert (error < [0.2, 0.2, 0.1]).all()
    assert fitted.surfaces.share[2] <= 0.01
    departures = values - fitted.left_out(places)
    np.testing.assert_allclose((departures**2).mean(axis=0), 1.0, atol=0.1)


def test_units_of_the_values_carry_over():
    places = scattered()
    values, new = waves(places), scattered(30, seed=2)
    expected = fit_surfaces(places, values, n_cosines=N_COSINES)
    factor, shift = np.array([1e-4, 3.0, -2.0, 1e5]), np.array([0.0, 10.0, -5.0, 1e6])
    found = fit_surfaces(places, values * factor + shift, n_cosines=N_COSINES)
    np.testing.assert_allclose(
        (found.surfaces.at(new) - shift) / factor, expected.surfaces.at(new), atol=1e-6
    )
    np.testing.assert_array_equal(found.surfaces.length, expected.surfaces.length)


@pytest.mark.parametrize("n_dims", [2, 3])
def test_motions_and_units_of_the_places_carry_over(n_dims):
    places, new = scattered(n_dims=n_dims), scattered(30, n_dims, seed=2)
    values = waves(places)
    expected = fit_surfaces(places, values, n_cosines=N_COSINES).surfaces.at(new)
    turn = np.eye(n_dims)[::-1] * ([-1.0] + [1.0] * (n_dims - 1))  # by a quarter
    found = fit_surfaces(1e3 + 30 * places @ turn, values, n_cosines=N_COSINES)
    np.testing.assert_allclose(found.surfaces.at(1e3 + 30 * new @ turn), expected, atol=1e-6)


@pytest.mark.slow
def test_other_turns_carry_over_approximately():
    places, new = scattered(1000), scattered(50, seed=2)
    values = waves(places)
    turn = np.array([[0.8, 0.6], [-0.6, 0.8]])
    expected = fit_surfaces(places, values).surfaces.at(new)
    found = fit_surfaces(places @ turn, values).surfaces.at(new @ turn)
    assert np.sqrt(((found - expected) ** 2).mean()) < 0.05


def test_order_of_cells_and_other_values_do_not_matter():
    places, new = scattered(), scattered(30, seed=2)
    values = waves(places)
    expected = fit_surfaces(places, values, n_cosines=N_COSINES).surfaces
    order = np.random.default_rng(6).permutation(len(places))
    found = fit_surfaces(places[order], values[order], n_cosines=N_COSINES).surfaces
    np.testing.assert_allclose(found.at(new), expected.at(new), atol=1e-9)
    alone = fit_surfaces(places, values[:, 2:3], n_cosines=N_COSINES).surfaces
    np.testing.assert_allclose(alone.at(new)[:, 0], expected.at(new)[:, 2], atol=1e-9)


def test_seed_divides_cells_into_other_fifths_of_the_same_surfaces():
    places, new = scattered(), scattered(30, seed=2)
    one, other = (fit_surfaces(places, waves(places), n_cosines=30, seed=seed) for seed in (0, 1))
    np.testing.assert_allclose(one.surfaces.at(new), other.surfaces.at(new), atol=1e-9)
    assert (one.fold != other.fold).mean() > 0.5


def test_blocks_do_not_matter():
    places = scattered(N_FOLDS * CELLS_AT_A_TIME + 3_000)
    values = waves(places, 2)
    surfaces = fit_surfaces(places, values, n_cosines=20).surfaces
    basis = surfaces.cosines.at(places)
    for number, (length, share) in enumerate(zip(surfaces.length, surfaces.share, strict=True)):
        variances = surfaces.cosines.variances(length)
        variances = variances / (basis**2 @ variances).mean()
        penalty = np.diag((1.0 - share) / (share * variances))
        centred = values[:, number] - values[:, number].mean()
        expected = np.linalg.solve(basis.T @ basis + penalty, basis.T @ centred)
        np.testing.assert_allclose(surfaces.weights[:, number], expected, atol=1e-8)
    np.testing.assert_allclose(surfaces.at(places), surfaces.center + basis @ surfaces.weights)


@pytest.mark.parametrize("n_rows", [0, 1, 9, 10, 11, 25])
def test_blocks_cover_rows_once(n_rows):
    found = [np.arange(n_rows)[rows] for rows in blocks(n_rows, 10)]
    assert np.concatenate([np.arange(0), *found]).tolist() == list(range(n_rows))
    assert all(0 < len(rows) <= 10 for rows in found)


@pytest.mark.parametrize("constant", [0.0, 3.0, 0.1, -1e8])
def test_constant_values_have_flat_surfaces(constant):
    places = scattered()
    values = waves(places)
    with_constant = np.insert(values, 1, constant, axis=1)
    fitted = fit_surfaces(places, with_constant, n_cosines=N_COSINES)
    np.testing.assert_allclose(fitted.surfaces.at(places)[:, 1], constant, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(fitted.left_out(places)[:, 1], constant, rtol=1e-12, atol=1e-12)
    others = fit_surfaces(places, values, n_cosines=N_COSINES).surfaces.at(places)
    np.testing.assert_allclose(fitted.surfaces.at(places)[:, [0, 2, 3, 4]], others, atol=1e-9)


@pytest.mark.slow
def test_values_without_noise_are_followed_closely():
    places = scattered(400)
    values = 0.1 * places
    fitted = fit_surfaces(places, values)
    assert (fitted.surfaces.share == SHARES[-1]).all()
    assert np.abs(fitted.left_out(places) - values).max() < 0.05


@pytest.mark.slow
@pytest.mark.parametrize("n_cells", [1, 2, 4, 6, 20])
def test_few_cells_have_finite_surfaces(n_cells):
    places = scattered(n_cells)
    values = waves(places)
    fitted = fit_surfaces(places, values)
    assert np.isfinite(fitted.surfaces.at(scattered(10, seed=2))).all()
    assert np.isfinite(fitted.left_out(places)).all()


def test_no_places_have_no_heights():
    surfaces = fit_surfaces(scattered(), waves(scattered()), n_cosines=9).surfaces
    assert surfaces.at(np.empty((0, 2))).shape == (0, 4)
