import numpy as np
import pytest
from scipy.spatial import procrustes
from scipy.spatial.transform import Rotation

from dpvae.geometry import align


@pytest.fixture(params=[2, 3, 5])
def pair(request):
    rng = np.random.default_rng(request.param)
    return rng.normal(size=(40, request.param)), 30.0 + rng.normal(size=(40, request.param))


def test_disparity_equals_scipy(pair):
    source, target = pair
    assert align(source, target).disparity == pytest.approx(procrustes(target, source)[2])


def test_disparity_is_the_remaining_error_of_the_applied_alignment(pair):
    source, target = pair
    for with_scale in (True, False):
        for allow_reflection in (True, False):
            alignment = align(
                source, target, with_scale=with_scale, allow_reflection=allow_reflection
            )
            error = ((alignment.apply(source) - target) ** 2).sum()
            spread = ((target - target.mean(axis=0)) ** 2).sum()
            assert alignment.disparity == pytest.approx(error / spread)


@pytest.mark.parametrize("with_scale", [True, False])
@pytest.mark.parametrize("allow_reflection", [True, False])
def test_no_other_pose_is_better(with_scale, allow_reflection):
    rng = np.random.default_rng(0)
    target = rng.normal(size=(15, 3))
    source = target * [1, 1, -1] + rng.normal(size=(15, 3))
    alignment = align(source, target, with_scale=with_scale, allow_reflection=allow_reflection)
    best = ((alignment.apply(source) - target) ** 2).sum()
    centered, fixed = source - source.mean(axis=0), target - target.mean(axis=0)
    mirrors = [1.0, -1.0] if allow_reflection else [1.0]
    for turn in Rotation.random(300, rng=1).as_matrix():
        for mirror in mirrors:
            turned = centered @ (mirror * turn)
            fitted = max(0.0, (turned * fixed).sum() / (turned**2).sum())
            scale = fitted if with_scale else 1.0
            assert ((scale * turned - fixed) ** 2).sum() >= best
    assert allow_reflection or not alignment.is_reflected
    assert with_scale or alignment.scale == 1.0


@pytest.mark.parametrize("mirror", [1.0, -1.0])
def test_a_similarity_is_recovered(mirror):
    rng = np.random.default_rng(1)
    source = rng.normal(size=(20, 3))
    turn = mirror * Rotation.random(rng=2).as_matrix()
    target = 250.0 * source @ turn + [1e4, -3.0, 8.0]
    alignment = align(source, target)
    np.testing.assert_allclose(alignment.rotation, turn, atol=1e-12)
    assert alignment.scale == pytest.approx(250.0)
    assert alignment.is_reflected == (mirror < 0)
    assert alignment.disparity < 1e-20
    np.testing.assert_allclose(alignment.apply(source), target)


def test_unknown_rows_are_left_out_and_stay_unknown(pair):
    source, target = (values.copy() for values in pair)
    expected = align(source[5:-5], target[5:-5])
    source[:5], target[-5:] = np.nan, np.nan
    alignment = align(source, target)
    np.testing.assert_allclose(alignment.rotation, expected.rotation)
    assert alignment.disparity == pytest.approx(expected.disparity)
    assert np.isnan(alignment.apply(source)[:5]).all()
    assert np.isfinite(alignment.apply(source)[5:]).all()


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        (np.eye(3), np.eye(3)[:, :2], r"source has shape \(3, 3\) and target \(3, 2\)"),
        (np.ones(3), np.ones(3), r"source has shape \(3,\)"),
        ([[0.0, 1.0], [np.nan] * 2], np.eye(2), "1 row is known in both"),
        (np.full((4, 2), 0.1), np.eye(4)[:, :2], "all 4 usable rows of source are identical"),
        (np.eye(4)[:, :2], np.ones((4, 2)), "all 4 usable rows of target are identical"),
    ],
)
def test_what_has_no_pose_is_refused(source, target, message):
    with pytest.raises(ValueError, match=message):
        align(source, target)
