import numpy as np
import pytest

from dpvae.metrics import triangle_angle_error


def test_a_known_triangle():
    right = [[0, 0], [1, 0], [0, 1]]
    equal = [[0, 0], [1, 0], [0.5, 0.75**0.5]]
    assert triangle_angle_error(right, equal) == pytest.approx((30 + 15 + 15) / 3)


@pytest.mark.parametrize("n_dims", [2, 3])
def test_ignores_rigid_motions_and_scale(n_dims):
    rng = np.random.default_rng(0)
    tissue = rng.normal(size=(50, n_dims))
    turn = np.linalg.qr(rng.normal(size=(n_dims, n_dims)))[0]
    assert triangle_angle_error(tissue, 9.0 * tissue @ turn + 4.0) < 1e-5


def test_grows_with_noise_up_to_chance():
    rng = np.random.default_rng(0)
    tissue = rng.uniform(size=(800, 2))
    errors = [
        triangle_angle_error(tissue, tissue + s * rng.normal(size=tissue.shape))
        for s in (0.01, 0.1, 0.5)
    ]
    assert errors == sorted(errors)
    assert triangle_angle_error(tissue, rng.permutation(tissue)) == pytest.approx(51, abs=2)


def test_coinciding_corners_are_left_out():
    tissue = np.random.default_rng(0).normal(size=(30, 2))
    doubled = np.vstack([tissue, tissue])
    assert triangle_angle_error(doubled, 2 * doubled) < 1e-5
    with pytest.raises(ValueError, match="every triangle has two corners in one place"):
        triangle_angle_error(tissue, np.zeros((30, 2)))
