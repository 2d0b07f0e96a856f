import numpy as np
import pytest
from scipy.stats import ortho_group

from dpvae.geometry.alignment.mean_layout import mean_layout
from dpvae.metrics import procrustes_disparity


def moved(layout, rng):
    turn = ortho_group.rvs(layout.shape[1], random_state=rng)
    return rng.uniform(0.2, 5.0) * layout @ turn + rng.normal(size=layout.shape[1])


@pytest.mark.parametrize("n_dims", [2, 3])
def test_moved_copies_have_the_first_as_their_mean(n_dims):
    rng = np.random.default_rng(0)
    layout = rng.normal(size=(30, n_dims))
    copies = [moved(layout, rng) for _ in range(4)]
    np.testing.assert_allclose(mean_layout([layout, *copies], [1, 2, 3, 4, 5]), layout, atol=1e-12)


def test_independent_errors_shrink_as_in_a_mean_without_motions():
    rng = np.random.default_rng(1)
    truth = rng.normal(size=(500, 2))
    noisy = [truth + rng.normal(0, 0.5, truth.shape) for _ in range(5)]
    known_motion = procrustes_disparity(truth, np.mean(noisy, axis=0))
    found = mean_layout([noisy[0], *(moved(each, rng) for each in noisy[1:])], [1.0] * 5)
    assert procrustes_disparity(truth, found) == pytest.approx(known_motion, rel=0.15)
    assert procrustes_disparity(truth, found) < 0.4 * procrustes_disparity(truth, noisy[0])


def test_a_layout_without_weight_does_not_count():
    rng = np.random.default_rng(2)
    one, other = rng.normal(size=(2, 20, 2))
    np.testing.assert_allclose(mean_layout([one, other], [2.0, 0.0]), one)


def test_what_has_nothing_in_common_with_the_first_hardly_moves_it():
    rng = np.random.default_rng(3)
    one, other = rng.normal(size=(2, 2000, 2))
    shape = mean_layout([one, other], [1.0, 1.0])
    assert procrustes_disparity(one, shape) < 0.01


def test_layouts_of_one_point_have_no_shape_to_add():
    layout = np.random.default_rng(4).normal(size=(10, 2))
    point = np.ones((10, 2))
    assert procrustes_disparity(layout, mean_layout([layout, point], [1.0, 1.0])) < 1e-12
    np.testing.assert_array_equal(mean_layout([point, layout], [1.0, 1.0]), point)
