from dataclasses import replace

import numpy as np
import pytest

from dpvae.geometry.uncertainty.error_calibration import (
    NEARBY,
    PRIOR_CELLS,
    ROUND_CELLS,
    ROUNDNESS,
    ErrorCalibration,
)
from dpvae.geometry.uncertainty.neighborhood import Neighborhood


def cells(n, seed=0):
    """Places whose errors are long along x on the left, along y on the right, and differ in size.

    Their neighbourhoods tell the size, roughly.
    """
    rng = np.random.default_rng(seed)
    places = rng.uniform(-1, 1, size=(n, 2))
    size = np.exp(rng.normal(0, 0.6, n))
    stretch = np.where(places[:, :1] < 0, [1.0, 0.2], [0.2, 1.0])
    truth = places + 0.1 * size[:, None] * stretch * rng.normal(size=(n, 2))
    covariance = size[:, None, None] ** 2 * np.eye(2)
    around = Neighborhood(size * np.exp(rng.normal(0, 0.2, n)), covariance)
    return places, truth, np.full(n, "a"), around


def calibrated(n, seed=0):
    return ErrorCalibration.fit(*cells(n, seed), 1.0)


def test_regions_hold_what_they_say():
    places, truth, frame, around = cells(4000, seed=1)
    regions = calibrated(1000).regions(places, frame, around)
    for level in (0.5, 0.9):
        four_deviations = 4 * np.sqrt(level * (1 - level) * (1 / 1000 + 1 / 4000))
        assert abs(regions.in_discs(truth, level).mean() - level) < four_deviations
        assert abs(regions.in_ellipses(truth, level).mean() - level) < four_deviations


def test_few_calibration_cells_are_enough_on_average():
    places, truth, frame, around = cells(300, seed=1)
    held = []
    for seed in range(200):
        regions = calibrated(20, seed=seed + 2).regions(places, frame, around)
        held.append([regions.in_discs(truth, 0.9).mean(), regions.in_ellipses(truth, 0.9).mean()])
    np.testing.assert_allclose(np.mean(held, axis=0), 19 / 21, atol=0.02)


def test_sure_and_unsure_cells_are_held_alike_where_one_radius_fails():
    places, truth, frame, around = cells(4000, seed=1)
    calibration = calibrated(1000)
    regions = calibration.regions(places, frame, around)
    order = np.argsort(regions.radii(0.9))
    constant = np.quantile(np.linalg.norm(calibration.errors, axis=1), 0.9)
    error = np.linalg.norm(truth - places, axis=1)
    for part in (order[:800], order[-800:]):
        ours = regions.in_discs(truth, 0.9)[part].mean()
        assert abs(ours - 0.9) < 0.8 * abs((error[part] < constant).mean() - 0.9)


def test_ellipses_follow_the_errors_nearby():
    around = Neighborhood(np.ones(2), np.tile(np.eye(2), (2, 1, 1)))
    places = np.array([[-0.6, 0.0], [0.6, 0.0]])
    left, right = calibrated(1000).regions(places, np.full(2, "a"), around).covariance
    assert left[0, 0] > 1.5 * left[1, 1]
    assert right[1, 1] > 1.5 * right[0, 0]


def test_covariance_equals_a_double_loop():
    calibration = ErrorCalibration.fit(
        *cells(30)[:2], np.array(["a", "b", "b"] * 10), cells(30)[3], 2.0
    )
    places, _, _, around = cells(4, seed=1)
    found = calibration.regions(places, np.full(4, "b"), around).covariance
    for row, place in enumerate(places):
        section, weights = ROUND_CELLS * (calibration.errors**2).mean() * np.eye(2), ROUND_CELLS
        nearby, nearby_weights = np.zeros((2, 2)), PRIOR_CELLS
        for other, error, name in zip(
            calibration.coordinates, calibration.errors, calibration.frame, strict=True
        ):
            if name == "a":
                continue
            weight = np.exp(-0.5 * (np.linalg.norm(place - other) / (2 * NEARBY)) ** 2)
            section += np.outer(error, error)
            weights += 1
            nearby += weight * np.outer(error, error)
            nearby_weights += weight
        nearby = (nearby + PRIOR_CELLS * section / weights) / nearby_weights
        scatter = around.covariance[row] + ROUNDNESS * around.covariance[row, 0, 0] * np.eye(2)
        shape = nearby / np.trace(nearby) + scatter / np.trace(scatter)
        expected = shape * around.distance[row] ** 0.5 * np.sqrt(around.covariance[row, 0, 0])
        np.testing.assert_allclose(
            found[row] / np.trace(found[row]), expected / np.trace(expected), atol=1e-12
        )


def test_turned_and_scaled_tissues_have_turned_and_scaled_regions():
    turn = 50.0 * np.array([[0.6, -0.8], [0.8, 0.6]])
    (places, truth, frame, around), (new, _, names, new_around) = cells(100), cells(20, seed=1)

    def turned_neighborhood(given):
        return Neighborhood(given.distance, turn @ given.covariance @ turn.T / 2500.0)

    one = ErrorCalibration.fit(places, truth, frame, around, 1.0).regions(new, names, new_around)
    other = ErrorCalibration.fit(
        places @ turn.T + 7, truth @ turn.T + 7, frame, turned_neighborhood(around), 50.0
    ).regions(new @ turn.T + 7, names, turned_neighborhood(new_around))
    np.testing.assert_allclose(other.radii(0.9), 50.0 * one.radii(0.9))
    np.testing.assert_allclose(other.ellipses(0.9), turn @ one.ellipses(0.9) @ turn.T, atol=1e-9)


def test_far_cells_are_counted():
    calibration = calibrated(1000)
    _, _, _, around = cells(1000, seed=1)
    assert calibration.share_far(around) == pytest.approx(0.1, abs=0.03)
    assert calibration.share_far(replace(around, distance=100 * around.distance)) == 1


def test_large_calibrations_are_thinned_and_still_hold():
    places, truth, frame, around = cells(3000, seed=1)
    regions = calibrated(2500).regions(places, frame, around)
    assert len(regions.disc_scores) == 2000
    assert abs(regions.in_discs(truth, 0.9).mean() - 0.9) < 0.03


def test_cells_without_errors_are_refused():
    places, _, frame, around = cells(20)
    with pytest.raises(ValueError, match="they were not held out"):
        ErrorCalibration.fit(places, places, frame, around, 1.0)
