import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform

from dpvae.geometry.placement.majorization import (
    cyclic_residual,
    guttman_transform,
    window_transform,
)


def naive_transform(targets, layout, others):
    transform = np.zeros_like(layout)
    for i in range(layout.shape[1]):
        for j in others:
            wanted = np.linalg.norm(targets[:, i] - targets[:, j])
            found = np.linalg.norm(layout[:, i] - layout[:, j])
            if found > 0:
                transform[:, i] += wanted / found * (layout[:, i] - layout[:, j])
    return transform / len(others)


@pytest.fixture(params=[(2, 2), (57, 3), (280, 2)], ids=str)
def columns(request):
    n_cells, n_dims = request.param
    rng = np.random.default_rng(n_cells)
    targets, layout = rng.normal(size=(7, n_cells)), rng.normal(size=(n_dims, n_cells))
    layout[:, -1] = layout[:, 0]
    return targets, layout


@pytest.mark.slow
def test_guttman_transform_equals_a_double_loop(columns):
    targets, layout = columns
    transform, residual = guttman_transform(targets, layout)
    expected = naive_transform(targets, layout, range(layout.shape[1]))
    np.testing.assert_allclose(transform, expected, atol=1e-12)
    naive_residual = ((pdist(targets.T) - pdist(layout.T)) ** 2).sum()
    assert residual == pytest.approx(naive_residual, rel=1e-12)


def test_window_transform_equals_a_double_loop(columns):
    targets, layout = columns
    window = np.arange(0, layout.shape[1], 3)
    estimate = window_transform(targets, layout, targets[:, window], layout[:, window])
    center = layout[:, window].mean(axis=1, keepdims=True)
    expected = naive_transform(targets, layout, window) + center
    np.testing.assert_allclose(estimate, expected, atol=1e-12)


def test_the_whole_window_is_the_guttman_transform(columns):
    targets, layout = columns
    centered = layout - layout.mean(axis=1, keepdims=True)
    estimate = window_transform(targets, centered, targets, centered)
    np.testing.assert_allclose(estimate, guttman_transform(targets, centered)[0], atol=1e-12)


def test_a_perfect_layout_is_a_fixed_point_of_any_window():
    layout = np.random.default_rng(0).normal(size=(2, 40))
    window = layout[:, :5].copy()
    np.testing.assert_allclose(window_transform(layout, layout, window, window), layout)


def test_cyclic_residual_equals_a_double_loop(columns):
    targets, layout = columns
    n_cells = layout.shape[1]
    wanted, found = squareform(pdist(targets.T)), squareform(pdist(layout.T))
    offsets = np.array([1, n_cells - 1, n_cells // 2])
    here = np.arange(n_cells)
    pairs = [(here, (here + offset) % n_cells) for offset in offsets]
    residual, total = cyclic_residual(targets, layout, offsets)
    expected = sum(((wanted[pair] - found[pair]) ** 2).sum() for pair in pairs)
    assert residual == pytest.approx(expected)
    assert total == pytest.approx(sum((wanted[pair] ** 2).sum() for pair in pairs))
