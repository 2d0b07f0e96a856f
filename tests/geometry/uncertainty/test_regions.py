import math

import numpy as np
import pytest

from dpvae.geometry import Regions
from dpvae.geometry.uncertainty.regions import conformal_quantile


def turned(angle):
    return np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])


@pytest.fixture
def regions():
    """Regions of long and thin errors, each turned and scaled differently."""
    rng = np.random.default_rng(0)
    turns = np.stack([turned(angle) for angle in rng.uniform(0, np.pi, 3000)])
    covariance = turns @ np.diag([9.0, 1.0]) @ turns.transpose(0, 2, 1)
    covariance *= rng.uniform(0.5, 4.0, (3000, 1, 1))
    scores = np.sqrt(rng.chisquare(2, 4000))
    mixed = np.sqrt((rng.normal(size=(4000, 2)) ** 2 @ [9.0, 1.0]) / 5.0)
    return Regions(rng.normal(size=(3000, 2)), covariance, np.sort(mixed), np.sort(scores))


@pytest.fixture
def places(regions):
    root = np.linalg.cholesky(regions.covariance)
    noise = np.random.default_rng(1).normal(size=(3000, 2, 1))
    return regions.coordinates + (root @ noise)[:, :, 0]


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9, 0.95])
@pytest.mark.parametrize("m", [19, 20, 57])
def test_quantile_leaves_the_right_number_of_scores_above(level, m):
    scores = np.random.default_rng(m).normal(size=m)
    bound = conformal_quantile(scores, level)
    ranks = [k for k in range(1, m + 1) if k / (m + 1) >= level - 1e-12]
    assert (scores <= bound).sum() == ranks[0]


def test_quantile_of_too_few_scores_is_refused():
    assert conformal_quantile(range(9), 0.9) == 8
    with pytest.raises(ValueError, match="hold 90 % need 9 calibration cells, and there were 8"):
        conformal_quantile(range(8), 0.9)
    for level in (0.0, 1.0, 90):
        with pytest.raises(ValueError, match="give a share between 0 and 1"):
            conformal_quantile(range(20), level)


@pytest.mark.parametrize("level", [0.5, 0.9])
def test_gaussian_errors_are_held_as_often_as_said(regions, places, level):
    three_deviations = 3 * np.sqrt(level * (1 - level) * (1 / 3000 + 1 / 4000))
    assert abs(regions.in_discs(places, level).mean() - level) < three_deviations
    assert abs(regions.in_ellipses(places, level).mean() - level) < three_deviations


def test_ellipses_are_smaller_than_discs_where_errors_have_a_direction(regions):
    area_over_pi = np.sqrt(np.linalg.det(regions.ellipses(0.9)))
    assert (area_over_pi < 0.8 * regions.radii(0.9) ** 2).all()


def test_the_border_of_an_ellipse_is_inside_and_beyond_is_not(regions):
    angle = np.linspace(0, 2 * np.pi, 3000)
    around = np.stack([np.cos(angle), np.sin(angle)], axis=1)[:, :, None]
    border = (np.linalg.cholesky(regions.ellipses(0.5)) @ around)[:, :, 0]
    assert regions.in_ellipses(regions.coordinates + 0.999 * border, 0.5).all()
    assert not regions.in_ellipses(regions.coordinates + 1.001 * border, 0.5).any()


def test_unknown_places_are_in_no_region(regions, places):
    places[:5] = np.nan
    assert not regions.in_discs(places, 0.9)[:5].any()
    assert not regions.in_ellipses(places, 0.9)[:5].any()


def test_places_of_other_cells_are_refused(regions, places):
    with pytest.raises(ValueError, match=r"shape \(2999, 2\), but the regions belong to 3000"):
        regions.in_discs(places[1:], 0.9)
