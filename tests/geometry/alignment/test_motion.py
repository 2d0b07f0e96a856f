import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from dpvae.geometry import align
from dpvae.geometry.alignment import motion
from dpvae.geometry.alignment.motion import expected_motion, latent_thickness, motion_without


def problem(n_cells, noise, n_dims=2, seed=0):
    rng = np.random.default_rng(seed)
    layout = rng.normal(size=(n_cells, n_dims))
    turn = np.linalg.qr(rng.normal(size=(n_dims, n_dims)))[0]
    return layout, 5.0 * layout @ turn + 3.0 + noise * rng.normal(size=layout.shape)


@pytest.mark.parametrize("n_dims", [2, 3])
def test_many_precise_anchors_give_the_procrustes_motion(n_dims):
    layout, places = problem(200, 0.05, n_dims)
    for n_anchors in (49, 50):
        cells = np.arange(n_anchors)
        found, _ = expected_motion(layout, cells, places[cells], 0.0)
        aligned = align(layout[cells], places[cells]).apply(layout)
        np.testing.assert_allclose(found, aligned, atol=0.25)


def test_the_posterior_mean_equals_sampling_all_motions(monkeypatch):
    layout, places = problem(40, 2.5, seed=3)
    cells = np.arange(4)
    monkeypatch.setattr(motion, "MIRROR_POWER", 0.0)
    found, squared = expected_motion(layout, cells, places[cells], 0.2)
    rng = np.random.default_rng(0)
    n_draws = 400_000
    angle = rng.uniform(0, 2 * np.pi, n_draws)
    turns = Rotation.from_euler("z", angle[:, None]).as_matrix()[:, :2, :2]
    turns[n_draws // 2 :, :, 1] *= -1.0
    radius = np.sqrt(layout.var(axis=0).sum())
    here = (layout - layout[cells].mean(axis=0)) / radius
    there = places[cells] - places[cells].mean(axis=0)
    number = rng.integers(len(motion.NOISE_SHARES), size=n_draws)
    share = motion.NOISE_SHARES[number]
    radius_there = np.sqrt((there**2).sum() / 3)
    cross = there.T @ here[cells]
    fitted = np.linalg.svd(cross, compute_uv=False).sum() / (here[cells] ** 2).sum()
    sizes = motion._sizes(
        radius_there, fitted / np.sqrt(1 - motion.NOISE_SHARES[:, None]), n_anchors=4
    )
    size = sizes[number, rng.integers(sizes.shape[1], size=n_draws)]
    floor = motion.LEAST_NOISE + motion.NOISE_PER_THICKNESS * 0.2
    matrices = (np.sqrt(1 - share) * size)[:, None, None] * turns
    variance = size**2 * share / 2
    misfit = ((there.T - matrices @ here[cells].T) ** 2).sum(axis=(1, 2))
    log_weight = (
        -0.5 * np.log(share)
        - 2.0 * np.log1p(floor / share)
        - misfit / (2 * variance)
        - 3 * np.log(variance)
    )
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    mean = np.einsum("k,kab->ab", weight, matrices)
    expected = places[cells].mean(axis=0) + here @ mean.T
    np.testing.assert_allclose(found, expected, atol=0.15)
    square = weight @ ((1 - share) * size**2)
    spread = 2 * (weight @ variance) * 1.25 + square * (here**2).sum(axis=1)
    spread -= ((here @ mean.T) ** 2).sum(axis=1)
    np.testing.assert_allclose(squared, spread, rtol=0.05)


@pytest.mark.slow
@pytest.mark.parametrize("n_anchors", [8, 60])
@pytest.mark.parametrize("n_dims", [2, 3])
def test_leaving_out_equals_leaving_out(n_anchors, n_dims):
    layout, places = problem(100, 0.8, n_dims)
    cells = np.arange(10, 10 + n_anchors)
    left_out = np.array([0, 3, n_anchors - 1])
    found = motion_without(layout, cells, places[cells], 0.05, left_out)
    for row, k in enumerate(left_out):
        rest = np.delete(cells, k)
        if n_anchors > 51:
            expected = align(layout[rest], places[rest]).apply(layout)[cells[k]]
        else:
            expected = expected_motion(layout, rest, places[rest], 0.05)[0][cells[k]]
        np.testing.assert_allclose(found[row], expected, atol=1e-9)


def test_uncertain_anchors_draw_cells_to_the_middle_and_say_so():
    layout, places = problem(60, 0.3)
    shuffled = np.random.default_rng(5).permutation(places[:6])
    sure, little = expected_motion(layout, np.arange(6), places[:6], 0.0)
    unsure, much = expected_motion(layout, np.arange(6), shuffled, 0.3)
    assert np.ptp(unsure) < 0.7 * np.ptp(sure)
    assert much.mean() > 5 * little.mean()


def test_thickness_is_the_ratio_of_variances():
    rng = np.random.default_rng(0)
    latent = rng.normal(size=(100_000, 4)) * [3.0, 3.0, 1.0, 2.0]
    turned = latent @ np.linalg.qr(rng.normal(size=(4, 4)))[0]
    assert latent_thickness(turned, 2) == pytest.approx(2.5 / 9.0, rel=0.02)
    assert latent_thickness(latent[:, :2], 2) == 0.0
    assert latent_thickness(np.ones((5, 4)), 2) == 0.0
