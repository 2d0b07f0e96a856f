import numpy as np
import pytest

from dpvae.geometry.placement.constraint import Unconstrained
from dpvae.geometry.placement.majorization import guttman_transform
from dpvae.geometry.placement.smacof import full_smacof, window_smacof
from dpvae.geometry.placement.target_distances import TargetDistances


def test_the_objective_never_rises():
    rng = np.random.default_rng(0)
    targets, start = rng.normal(size=(6, 80)), rng.normal(size=(2, 80))
    residuals = [
        guttman_transform(
            targets,
            full_smacof(TargetDistances(targets), start, Unconstrained(), max_iter=k, tol=0.0)[0],
        )[1]
        for k in range(1, 60)
    ]
    assert (np.diff(residuals) <= 1e-12 * residuals[0]).all()
    assert residuals[-1] < 0.8 * residuals[0]


def test_the_end_is_a_fixed_point():
    rng = np.random.default_rng(1)
    targets, start = rng.normal(size=(6, 50)), rng.normal(size=(2, 50))
    layout, _, converged = full_smacof(
        TargetDistances(targets), start, Unconstrained(), max_iter=5000, tol=1e-14
    )
    assert converged
    np.testing.assert_allclose(guttman_transform(targets, layout)[0], layout, atol=1e-4)


@pytest.fixture(scope="module")
def folded():
    rng = np.random.default_rng(2)
    angle, height = rng.uniform(0, 3, size=1500), rng.uniform(size=1500)
    noise = 0.1 * rng.normal(size=(5, 1500))
    targets = np.vstack([np.cos(angle), np.sin(angle), height, noise])
    return targets, targets[:2] - targets[:2].mean(axis=1, keepdims=True)


@pytest.mark.slow
def test_windows_reach_the_stress_of_all_pairs(folded):
    targets, start = folded
    full, *_ = full_smacof(
        TargetDistances(targets), start, Unconstrained(), max_iter=2000, tol=1e-7
    )
    layout, n_sweeps, converged = window_smacof(
        TargetDistances(targets), start, Unconstrained(), max_iter=300, seed=0
    )
    assert converged
    assert 12 <= n_sweeps < 300
    expected = np.sqrt(guttman_transform(targets, full)[1])
    assert np.sqrt(guttman_transform(targets, layout)[1]) == pytest.approx(expected, rel=0.02)


def test_windows_stop_at_the_allowed_sweeps(folded):
    targets, start = folded
    layout, n_sweeps, converged = window_smacof(
        TargetDistances(targets), start, Unconstrained(), max_iter=2, seed=0
    )
    assert (n_sweeps, converged) == (2, False)
    assert guttman_transform(targets, layout)[1] < guttman_transform(targets, start)[1]


def test_windows_follow_the_seed(folded):
    one, two, other = (
        window_smacof(
            TargetDistances(folded[0]), folded[1], Unconstrained(), max_iter=12, seed=seed
        )[0]
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(one, two)
    assert np.abs(one - other).max() > 1e-6
