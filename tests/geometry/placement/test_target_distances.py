import numpy as np
import pytest

from dpvae.geometry.placement.majorization import guttman_transform, window_transform
from dpvae.geometry.placement.stress import sampled_residual
from dpvae.geometry.placement.target_distances import TargetDistances


@pytest.fixture(params=[1.0, 1e-12, 1e12], ids=str)
def columns(request):
    rng = np.random.default_rng(0)
    return request.param * rng.normal(size=(7, 300)), request.param * rng.normal(size=(3, 300))


def test_single_precision_is_enough_in_any_unit(columns):
    targets, layout = columns
    comparison = TargetDistances(targets)
    cells = np.arange(0, 300, 4)
    expected = (
        window_transform(
            targets / targets.std(),
            layout / targets.std(),
            *(np.ascontiguousarray(a[:, cells] / targets.std()) for a in (targets, layout)),
        )
        * targets.std()
    )
    found = comparison.window(layout, cells)
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())
    exact = sampled_residual(targets, layout, seed=0)
    assert comparison.sampled(layout, seed=0) == pytest.approx(exact, rel=1e-5)


def test_all_pairs_are_compared_in_double_precision(columns):
    targets, layout = columns
    found = TargetDistances(targets).all_pairs(layout)
    np.testing.assert_array_equal(found[0], guttman_transform(targets, layout)[0])


def test_identical_targets_are_no_trouble():
    comparison = TargetDistances(np.zeros((4, 30)))
    layout = np.zeros((2, 30))
    np.testing.assert_array_equal(comparison.window(layout, np.arange(5)), layout)
    assert comparison.sampled(layout, seed=0) == 0.0
