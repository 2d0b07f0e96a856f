import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.spatial.distance import pdist

from dpvae.geometry import place_free
from dpvae.geometry.placement.absolute import AbsoluteComparison
from dpvae.geometry.placement.constraint import FreeFrame
from dpvae.geometry.placement.smacof import full_smacof


def rounded(gap, smallest):
    return np.where(gap > smallest, gap, 0.5 * (gap**2 / smallest + smallest))


@pytest.mark.parametrize("n_dims", [2, 3])
def test_transform_and_objective_equal_a_double_loop(n_dims):
    rng = np.random.default_rng(0)
    targets, layout = rng.normal(size=(5, 40)), rng.normal(size=(n_dims, 40))
    found, objective = AbsoluteComparison(targets, 0.2).all_pairs(layout)
    expected, total = layout.copy(), 0.0
    for i in range(40):
        step, weights = np.zeros(n_dims), 0.0
        for j in range(40):
            if i == j:
                continue
            apart = layout[:, i] - layout[:, j]
            wanted, distance = np.linalg.norm(targets[:, i] - targets[:, j]), np.linalg.norm(apart)
            weight = 1.0 / max(abs(wanted - distance), 0.2)
            step += weight * (wanted / distance - 1.0) * apart
            weights += weight
            total += rounded(abs(wanted - distance), 0.2) / 2
        expected[:, i] += 0.5 * step / weights
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert objective == pytest.approx(total)


def test_the_objective_never_rises():
    rng = np.random.default_rng(1)
    targets, start = rng.normal(size=(5, 50)), rng.normal(size=(2, 50))
    comparison = AbsoluteComparison(targets, 0.01)
    losses = [
        comparison.all_pairs(full_smacof(comparison, start, FreeFrame(), max_iter=k, tol=0.0)[0])[1]
        for k in range(1, 40)
    ]
    assert (np.diff(losses) <= 1e-12 * losses[0]).all()


def test_no_neighbouring_layout_is_better():
    latent = np.random.default_rng(2).normal(size=(30, 5)) * [3.0, 2.0, 0.7, 0.7, 0.7]
    placement = place_free(latent, error="absolute", max_iter=20_000, tol=1e-13)
    smallest = 1e-3 * np.sqrt(
        (latent @ np.linalg.eigh(np.cov(latent.T))[1])[:, -2:].var(axis=0).sum()
    )

    def loss(values):
        return rounded(np.abs(pdist(values.reshape(30, 2)) - pdist(latent)), smallest).sum()

    reached = loss(placement.coordinates.ravel())
    best = minimize(loss, placement.coordinates.ravel(), options={"maxiter": 300})
    assert reached <= best.fun * (1 + 1e-4)
    assert reached < loss(place_free(latent, tol=1e-12, max_iter=5000).coordinates.ravel())


def test_single_wrong_cells_move_the_others_less():
    rng = np.random.default_rng(3)
    tissue = rng.uniform(size=(120, 2))
    latent = np.c_[tissue, np.zeros((120, 3))]
    latent[:6] += 3.0 * rng.normal(size=(6, 5))
    errors = {
        error: np.abs(
            pdist(place_free(latent, error=error, max_iter=2000).coordinates[6:])
            - pdist(tissue[6:])
        ).mean()
        for error in ("squared", "absolute")
    }
    assert errors["absolute"] < 0.5 * errors["squared"]


@pytest.mark.slow
def test_windows_reach_the_loss_of_all_pairs(monkeypatch):
    rng = np.random.default_rng(4)
    latent = rng.normal(size=(4500, 4)) * [2.0, 1.0, 0.3, 0.3]
    windows = place_free(latent, error="absolute")
    assert windows.solver == "window-smacof"
    monkeypatch.setattr("dpvae.geometry.placement.smacof.LARGEST_FULL", 5000)
    full = place_free(latent, error="absolute", max_iter=20)
    loss = [np.abs(pdist(p.coordinates[::3]) - pdist(latent[::3])).mean() for p in (windows, full)]
    assert loss[0] == pytest.approx(loss[1], rel=0.02)
