import numpy as np
import pytest

from dpvae import metrics
from dpvae.metrics.paired import paired_rows

METRICS = [
    metrics.cell_distance_spearman,
    metrics.contact_f1,
    metrics.coordinate_error,
    metrics.distance_spearman,
    metrics.neighbor_overlap,
    metrics.normalized_stress,
    metrics.procrustes_disparity,
    metrics.rssd,
    metrics.spread_ratio,
]


@pytest.fixture
def pair():
    rng = np.random.default_rng(0)
    true = rng.uniform(size=(50, 2))
    return true, true + 0.1 * rng.normal(size=(50, 2))


@pytest.mark.parametrize("metric", METRICS)
def test_cells_that_are_unknown_in_either_set_are_dropped(metric, pair):
    true, recovered = pair
    expected = metric(true[5:-5], recovered[5:-5])
    true[:5], recovered[-5:, 1] = np.nan, np.nan
    assert metric(true, recovered) == expected


@pytest.mark.parametrize("metric", METRICS)
def test_wrong_shapes_are_refused(metric, pair):
    true, recovered = pair
    with pytest.raises(ValueError, match=r"\(50, 2\) .*\(49, 2\); both must be"):
        metric(true, recovered[1:])
    with pytest.raises(ValueError, match=r"shapes? \(50,\)"):
        metric(true[:, 0], recovered[:, 0])


@pytest.mark.parametrize("metric", METRICS)
def test_infinite_places_are_refused(metric, pair):
    true, recovered = pair
    recovered[[3, 4]] = np.inf
    with pytest.raises(ValueError, match="2 rows hold infinite coordinates"):
        metric(true, recovered)


@pytest.mark.parametrize("metric", METRICS)
def test_without_known_cells_there_is_no_value(metric, pair):
    true, recovered = pair
    with pytest.raises(ValueError, match="0 of 50 cells have both a true and a recovered place"):
        metric(true, recovered * np.nan)


def test_rows_stay_paired():
    nan = np.nan
    true, recovered = paired_rows(
        [[1, 1], [nan, nan], [3, 3]], [[10, 10], [20, 20], [30, 30]], at_least=2
    )
    np.testing.assert_array_equal(recovered, 10 * true)
