import numpy as np
import pytest

from dpvae.datasets.frame import MICROMETERS_PER_RADIUS, draw_frame


@pytest.mark.parametrize("n_dims", [2, 3])
@pytest.mark.parametrize("upright", [True, False])
def test_distances_are_kept_up_to_the_unit(n_dims: int, upright: bool):
    points = np.random.default_rng(0).normal(size=(20, n_dims))
    moved = draw_frame(n_dims, np.random.default_rng(1), upright=upright).apply(points)
    before = np.linalg.norm(points[:, None] - points, axis=2)
    after = np.linalg.norm(moved[:, None] - moved, axis=2)
    np.testing.assert_allclose(after, MICROMETERS_PER_RADIUS * before, atol=1e-6)


def test_upright_is_a_shift():
    frame = draw_frame(2, np.random.default_rng(0), upright=True)
    np.testing.assert_array_equal(frame.rotation, np.eye(2))


def test_about_half_of_the_frames_mirror():
    rng = np.random.default_rng(0)
    mirrors = [np.linalg.det(draw_frame(3, rng, upright=False).rotation) < 0 for _ in range(400)]
    assert 0.4 < np.mean(mirrors) < 0.6
