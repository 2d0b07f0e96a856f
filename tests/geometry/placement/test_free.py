import logging
import os
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.spatial.distance import pdist
from sklearn.manifold import smacof

from dpvae.geometry import normalized_stress, place_free


def curved_latent(n_cells, seed=0, noise=0.1):
    rng = np.random.default_rng(seed)
    tissue = rng.uniform(size=(n_cells, 2))
    surface = np.c_[tissue, 0.3 * np.sin(3 * tissue), 0.3 * tissue.prod(axis=1)]
    basis = np.linalg.qr(rng.normal(size=(10, 10)))[0][:, :5]
    return 2 * surface @ basis.T + noise * rng.normal(size=(n_cells, 10))


def start_of(latent, n_dims):
    centered = latent - latent.mean(axis=0)
    return centered @ np.linalg.svd(centered, full_matrices=False)[2][:n_dims].T


@pytest.mark.parametrize("n_dims", [2, 3])
def test_scipy_finds_no_better_layout_from_there(n_dims):
    latent = curved_latent(40, noise=0.4)
    wanted = pdist(latent) / 1.3
    first, second = np.triu_indices(40, 1)

    def objective(values):
        layout = values.reshape(40, n_dims)
        apart = layout[first] - layout[second]
        found = np.linalg.norm(apart, axis=1)
        pull = (2 * (found - wanted) / found)[:, None] * apart
        gradient = np.zeros_like(layout)
        np.add.at(gradient, first, pull)
        np.add.at(gradient, second, -pull)
        return ((wanted - found) ** 2).sum(), gradient.ravel()

    placement = place_free(latent, n_dims=n_dims, distance_scale=1.3, max_iter=20_000, tol=1e-13)
    assert placement.converged
    start = placement.coordinates.ravel()
    best = minimize(objective, start, jac=True, options={"gtol": 1e-9})
    assert placement.stress == pytest.approx(np.sqrt(best.fun / (wanted**2).sum()), rel=1e-7)
    np.testing.assert_allclose(
        pdist(placement.coordinates), pdist(best.x.reshape(40, n_dims)), atol=1e-4
    )


def naive_smacof(latent, start, n_iterations):
    """Guttman transforms by double loops, without relaxation."""
    layout = start.copy()
    for _ in range(n_iterations):
        moved = np.zeros_like(layout)
        for i in range(len(layout)):
            for j in range(len(layout)):
                if i != j:
                    apart = layout[i] - layout[j]
                    wanted = np.linalg.norm(latent[i] - latent[j])
                    moved[i] += wanted / np.linalg.norm(apart) * apart / len(layout)
        layout = moved
    return layout


@pytest.mark.slow
@pytest.mark.parametrize("n_dims", [2, 3])
def test_equals_a_naive_reference(n_dims):
    latent = curved_latent(14, noise=0.2)
    naive = naive_smacof(latent, start_of(latent, n_dims), 1000)
    found = place_free(latent, n_dims=n_dims, max_iter=20_000, tol=1e-15).coordinates
    np.testing.assert_allclose(pdist(found), pdist(naive), atol=1e-6)


def test_is_no_worse_than_sklearn_from_the_same_start():
    latent = curved_latent(250)
    _, raw = smacof(
        np.sqrt(((latent[:, None] - latent) ** 2).sum(axis=2)),
        init=start_of(latent, 2),
        n_init=1,
        eps=1e-6,
        max_iter=300,
        normalized_stress=False,
    )
    sklearn_stress = np.sqrt(raw / (pdist(latent) ** 2).sum())
    assert place_free(latent).stress <= sklearn_stress * (1 + 1e-4)


def test_reported_stress_is_that_of_the_coordinates():
    latent = curved_latent(60)
    placement = place_free(latent, distance_scale=2.5)
    expected = normalized_stress(placement.coordinates, latent, distance_scale=2.5)
    assert placement.stress == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("n_dims", [2, 3])
def test_embedded_tissue_is_recovered_exactly(n_dims):
    rng = np.random.default_rng(1)
    tissue = rng.uniform(size=(50, n_dims))
    latent = 4.0 * tissue @ np.linalg.qr(rng.normal(size=(8, n_dims)))[0].T + 3.0
    placement = place_free(latent, n_dims=n_dims, distance_scale=4.0)
    np.testing.assert_allclose(pdist(placement.coordinates), pdist(tissue), atol=1e-9)
    assert placement.stress < 1e-9


@pytest.mark.parametrize("n_latent", [1, 2, 3])
def test_latents_of_no_more_dimensions_than_the_tissue_are_kept(n_latent):
    latent = np.random.default_rng(2).normal(size=(20, n_latent))
    placement = place_free(latent, n_dims=3, distance_scale=0.5)
    assert placement.coordinates.shape == (20, 3)
    assert placement.solver == "exact"
    np.testing.assert_allclose(pdist(placement.coordinates), pdist(latent) / 0.5, rtol=1e-10)


@pytest.mark.parametrize("n_cells", [80, 5200])
def test_ignores_rigid_motions_of_the_latents(n_cells):
    latent = curved_latent(n_cells)
    rotation = np.linalg.qr(np.random.default_rng(3).normal(size=(10, 10)))[0]
    here = place_free(latent, max_iter=12).coordinates[:100]
    there = place_free(latent @ rotation + 7.0, max_iter=12).coordinates[:100]
    np.testing.assert_allclose(pdist(there), pdist(here), atol=1e-8 if n_cells < 5000 else 1e-4)


def test_follows_the_order_of_the_cells():
    latent = curved_latent(80)
    order = np.random.default_rng(4).permutation(80)
    expected = place_free(latent).coordinates[order]
    np.testing.assert_allclose(place_free(latent[order]).coordinates, expected, atol=1e-9)


def test_follows_the_scale():
    latent = curved_latent(80)
    expected = place_free(latent).coordinates / 20.0
    found = place_free(3.0 * latent, distance_scale=60.0).coordinates
    np.testing.assert_allclose(found, expected, atol=1e-9)


@pytest.mark.parametrize("n_cells", [4, 6000])
def test_identical_latents_fall_into_one_point(n_cells):
    placement = place_free(np.full((n_cells, 5), 0.1))
    np.testing.assert_array_equal(placement.coordinates, np.zeros((n_cells, 2)))
    assert placement.stress == 0.0
    assert placement.converged


def test_coinciding_cells_stay_together():
    latent = np.repeat(curved_latent(20), 3, axis=0)
    coordinates = place_free(latent).coordinates.reshape(20, 3, 2)
    assert np.ptp(coordinates, axis=1).max() < 1e-12


def test_the_fewest_cells_are_placed():
    placement = place_free(np.eye(3))
    np.testing.assert_allclose(pdist(placement.coordinates), np.sqrt(2), atol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0.1, 0.5])
def test_windows_agree_with_all_pairs(noise, monkeypatch, caplog):
    latent = curved_latent(6000, noise=noise)
    with caplog.at_level(logging.INFO, logger="dpvae.geometry.placement.smacof"):
        windows = place_free(latent)
    assert "6000 cells by SMACOF over windows" in caplog.text
    assert windows.solver == "window-smacof"
    assert windows.converged
    stress = normalized_stress(windows.coordinates, latent)
    assert windows.stress == pytest.approx(stress, rel=0.01)
    monkeypatch.setattr("dpvae.geometry.placement.smacof.LARGEST_EXACT", 6000)
    full = place_free(latent, max_iter=16)
    assert full.solver == "smacof"
    assert stress == pytest.approx(full.stress, rel=0.01)


def test_memory_stays_far_below_all_pairs():
    latent = curved_latent(4000)
    place_free(latent[:20])
    tracemalloc.start()
    place_free(latent, max_iter=3)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4000**2 * 8 / 50


@pytest.mark.parametrize(
    ("latent", "options", "message"),
    [
        (np.eye(5)[:2], {}, "latent has 2 cells; 2 dimensions need 3 or more"),
        (np.eye(5), {"n_dims": 4}, "n_dims is 4; a tissue has 2 or 3"),
        (np.array([[0.0], [np.nan], [np.nan]]), {}, "in 2 of 3 cells"),
        (np.eye(5), {"distance_scale": 0.0}, "distance_scale is 0.0"),
        (np.eye(5), {"max_iter": 0}, "max_iter is 0"),
        (np.eye(5), {"tol": -1.0}, "tol -1.0"),
    ],
)
def test_wrong_input_is_refused(latent, options, message):
    with pytest.raises(ValueError, match=message):
        place_free(latent, **options)


@pytest.mark.slow
def test_the_number_of_threads_changes_nothing(tmp_path):
    code = """
import sys
import numpy as np
from dpvae.geometry import place_anchored, place_free
latent = np.random.default_rng(0).normal(size=(5000, 6)) * [3, 2, 1, 1, 1, 1]
mask = np.arange(5000) < 400
places = latent[:, :2] + 0.3
np.savez(
    sys.argv[1],
    free=place_free(latent).coordinates,
    full=place_free(latent[:600]).coordinates,
    anchored=place_anchored(latent, places, mask).coordinates,
)
"""
    for threads in ("1", "4"):
        variables = {f"{name}_NUM_THREADS": threads for name in ("OMP", "OPENBLAS", "NUMBA")}
        subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / f"{threads}.npz")],
            check=True,
            env={**os.environ, **variables},
        )
    one, four = (np.load(tmp_path / f"{threads}.npz") for threads in ("1", "4"))
    for name in one.files:
        np.testing.assert_allclose(one[name], four[name], atol=1e-5)
