import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.spatial.distance import pdist

from dpvae.metrics import normalized_stress


@pytest.fixture
def pair():
    rng = np.random.default_rng(0)
    true = rng.uniform(size=(60, 2))
    return true, 40.0 * (true + 0.1 * rng.normal(size=(60, 2)))


def test_equals_the_best_scale_found_by_search(pair):
    wanted, found = (pdist(values) for values in pair)
    search = minimize_scalar(lambda c: ((wanted - c * found) ** 2).sum(), tol=1e-12)
    expected = np.sqrt(search.fun / (wanted**2).sum())
    assert normalized_stress(*pair) == pytest.approx(expected, rel=1e-9)


def test_ignores_poses_and_units(pair):
    true, recovered = pair
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(2, 2)))[0]
    moved = normalized_stress(1e-3 * true + 5.0, 1e5 * recovered @ turn - 3.0)
    assert moved == pytest.approx(normalized_stress(true, recovered), rel=1e-7)


def test_the_same_shape_has_none(pair):
    true, _ = pair
    assert normalized_stress(true, 1e4 * true) < 1e-12


def test_shuffled_cells_score_what_is_documented():
    rng = np.random.default_rng(2)
    true = rng.uniform(size=(1500, 2))
    assert normalized_stress(true, rng.permutation(true)) == pytest.approx(0.58, abs=0.02)


@pytest.mark.parametrize("constant", ["true", "recovered"])
def test_cells_in_one_place_are_refused(constant):
    values = {"true": np.eye(5)[:, :2], "recovered": np.eye(5)[:, :2]}
    values[constant] = np.full((5, 2), 0.1)
    with pytest.raises(ValueError, match=f"all 5 rows of {constant} are identical"):
        normalized_stress(**values)
