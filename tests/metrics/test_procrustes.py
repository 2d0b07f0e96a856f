import numpy as np
import pytest
from scipy.spatial import procrustes

from dpvae.metrics import procrustes_disparity


def test_equals_scipy():
    rng = np.random.default_rng(0)
    true = rng.uniform(size=(60, 2))
    recovered = true @ rng.normal(size=(2, 2)) + 0.2 * rng.normal(size=(60, 2))
    assert procrustes_disparity(true, recovered) == pytest.approx(procrustes(true, recovered)[2])


def test_similarities_do_not_count():
    true = np.random.default_rng(1).normal(size=(60, 3))
    mirrored = 1e4 * true[:, [1, 0, 2]] - 77.0
    assert procrustes_disparity(true, mirrored) < 1e-12


def test_shuffled_cells_are_near_one():
    rng = np.random.default_rng(2)
    true = rng.uniform(size=(2000, 2))
    assert procrustes_disparity(true, rng.permutation(true)) > 0.99


def test_cells_in_one_place_are_refused():
    with pytest.raises(ValueError, match="all 5 usable rows of source are identical"):
        procrustes_disparity(np.eye(5)[:, :2], np.zeros((5, 2)))
