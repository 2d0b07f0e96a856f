import warnings
from functools import partial

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.spatial.distance import pdist, squareform
from sklearn.linear_model import RidgeCV
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from dpvae.geometry import align, normalized_stress, place_anchored, place_free

by_stress = partial(place_anchored, method="stress")


def problem(n_cells, n_anchors, n_dims=2, seed=0, noise=0.3):
    rng = np.random.default_rng(seed)
    tissue = rng.uniform(size=(n_cells, n_dims)) * 100.0
    basis = np.linalg.qr(rng.normal(size=(7, n_dims)))[0]
    latent = 0.05 * tissue @ basis.T + noise * rng.normal(size=(n_cells, 7))
    is_anchor = np.zeros(n_cells, dtype=bool)
    is_anchor[rng.choice(n_cells, n_anchors, replace=False)] = True
    return latent, np.where(is_anchor[:, None], tissue, np.nan), is_anchor, tissue


def objective(layout, latent, known, is_anchor, scale, penalty):
    total = ((pdist(layout) - pdist(latent) / scale) ** 2).sum()
    if penalty is None:
        return total
    return total + len(layout) * penalty * ((layout - known)[is_anchor] ** 2).sum()


@pytest.mark.parametrize("n_dims", [2, 3])
@pytest.mark.parametrize("penalty", [None, 0.05, 2.0])
def test_no_neighboring_layout_is_better(n_dims, penalty):
    latent, known, is_anchor, _ = problem(30, 8, n_dims)
    placement = by_stress(
        latent,
        known,
        is_anchor,
        distance_scale=0.05,
        penalty=penalty,
        max_iter=50_000,
        tol=1e-14,
    )
    moving = ~is_anchor if penalty is None else np.ones(30, dtype=bool)

    def loss(values):
        layout = placement.coordinates.copy()
        layout[moving] = values.reshape(-1, n_dims)
        return objective(layout, latent, known, is_anchor, 0.05, penalty)

    reached = loss(placement.coordinates[moving])
    best = minimize(loss, placement.coordinates[moving].ravel(), options={"gtol": 1e-8})
    assert placement.converged
    assert reached == pytest.approx(best.fun, rel=1e-8)
    np.testing.assert_allclose(placement.coordinates[moving], best.x.reshape(-1, n_dims), atol=1e-2)


@pytest.mark.slow
@pytest.mark.parametrize("penalty", [None, 0.5])
def test_equals_a_naive_reference(penalty):
    """Majorisation by double loops, and a linear system for the cells that may move."""
    latent, known, is_anchor, _ = problem(14, 5)
    wanted = squareform(pdist(latent)) / 0.05
    found = by_stress(
        latent,
        known,
        is_anchor,
        distance_scale=0.05,
        penalty=penalty,
        max_iter=50_000,
        tol=1e-15,
    ).coordinates
    layout = found + np.where(is_anchor[:, None], 0.0, 0.5)
    weight = np.where(is_anchor, 14 * (penalty or 0.0), 0.0)
    curvature = 14 * np.eye(14) - 1.0 + np.diag(weight)
    moving = ~is_anchor if penalty is None else np.ones(14, dtype=bool)
    for _ in range(300):
        force = weight[:, None] * np.nan_to_num(known)
        for i in range(14):
            for j in range(14):
                if i != j:
                    apart = layout[i] - layout[j]
                    force[i] += wanted[i, j] / np.linalg.norm(apart) * apart
        right = force[moving] - curvature[np.ix_(moving, ~moving)] @ layout[~moving]
        layout[moving] = np.linalg.solve(curvature[np.ix_(moving, moving)], right)
    np.testing.assert_allclose(found, layout, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("penalty", [None, 0.5])
def test_the_objective_never_rises(penalty):
    latent, known, is_anchor, _ = problem(60, 6, noise=0.8)
    options = {"distance_scale": 0.05, "penalty": penalty, "tol": 0.0}
    losses = [
        objective(
            by_stress(latent, known, is_anchor, max_iter=k, **options).coordinates,
            latent,
            known,
            is_anchor,
            0.05,
            penalty,
        )
        for k in range(30, 90)
    ]
    assert (np.diff(losses) <= 1e-10 * losses[0]).all()


@pytest.mark.parametrize(("largest_exact", "solver"), [(300, "smacof"), (299, "window-smacof")])
def test_hard_anchors_come_back_bit_by_bit(monkeypatch, largest_exact, solver):
    monkeypatch.setattr("dpvae.geometry.placement.smacof.LARGEST_EXACT", largest_exact)
    latent, known, is_anchor, _ = problem(300, 50)
    placement = by_stress(latent, known, is_anchor)
    assert placement.solver == solver
    np.testing.assert_array_equal(placement.coordinates[is_anchor], known[is_anchor])


@pytest.mark.parametrize(("n_dims", "n_anchors"), [(2, 3), (2, 40), (3, 4), (3, 60)])
def test_exact_distances_are_recovered_exactly(n_dims, n_anchors):
    latent, known, is_anchor, tissue = problem(60, n_anchors, n_dims, noise=0.0)
    placement = by_stress(latent, known, is_anchor)
    np.testing.assert_allclose(placement.coordinates, tissue, atol=1e-6)
    assert placement.stress < 1e-8


@pytest.mark.slow
def test_windows_agree_with_all_pairs(monkeypatch):
    latent, known, is_anchor, tissue = problem(6000, 30)
    windows = by_stress(latent, known, is_anchor)
    monkeypatch.setattr("dpvae.geometry.placement.smacof.LARGEST_EXACT", 6000)
    full = by_stress(latent, known, is_anchor, max_iter=25)
    assert (windows.solver, full.solver) == ("window-smacof", "smacof")
    assert windows.stress == pytest.approx(full.stress, rel=0.01)
    error = np.linalg.norm(windows.coordinates - tissue, axis=1).mean()
    assert error == pytest.approx(
        np.linalg.norm(full.coordinates - tissue, axis=1).mean(), rel=0.02
    )


def test_follows_rigid_motions_of_the_frame():
    latent, known, is_anchor, _ = problem(60, 7)
    angle = 0.7
    turn = np.array([[np.cos(angle), -np.sin(angle)], [-np.sin(angle), -np.cos(angle)]])
    expected = by_stress(latent, known, is_anchor).coordinates @ turn + [300.0, -40.0]
    moved = by_stress(latent, known @ turn + [300.0, -40.0], is_anchor).coordinates
    np.testing.assert_allclose(moved, expected, atol=1e-6)


def test_follows_the_unit_of_the_tissue_and_of_the_latents():
    latent, known, is_anchor, _ = problem(60, 7)
    expected = by_stress(latent, known, is_anchor).coordinates * 1000.0
    found = by_stress(5.0 * latent, 1000.0 * known, is_anchor).coordinates
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_follows_the_order_of_the_cells():
    latent, known, is_anchor, _ = problem(60, 7)
    order = np.random.default_rng(1).permutation(60)
    expected = by_stress(latent, known, is_anchor).coordinates[order]
    found = by_stress(latent[order], known[order], is_anchor[order]).coordinates
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_given_places_of_other_cells_are_ignored():
    latent, known, is_anchor, _ = problem(40, 6)
    expected = by_stress(latent, known, is_anchor).coordinates
    filled = np.where(is_anchor[:, None], known, 1e9)
    np.testing.assert_array_equal(by_stress(latent, filled, is_anchor).coordinates, expected)


def test_a_large_penalty_is_a_hard_anchor_and_a_small_one_a_free_layout():
    latent, known, is_anchor, _ = problem(50, 8)
    options = {"distance_scale": 0.05, "max_iter": 5000, "tol": 1e-12}
    hard = by_stress(latent, known, is_anchor, **options).coordinates
    stiff = by_stress(latent, known, is_anchor, penalty=1e7, **options).coordinates
    np.testing.assert_allclose(stiff, hard, atol=1e-3)
    loose = by_stress(latent, known, is_anchor, penalty=1e-9, **options)
    free = place_free(latent, **options)
    np.testing.assert_allclose(pdist(loose.coordinates), pdist(free.coordinates), atol=1e-3)


def test_reported_stress_is_that_of_the_coordinates():
    latent, known, is_anchor, _ = problem(50, 8)
    placement = by_stress(latent, known, is_anchor, distance_scale=0.04)
    expected = normalized_stress(placement.coordinates, latent, distance_scale=0.04)
    assert placement.stress == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("places", "message"),
    [
        (
            [[5.0, 5.0]],
            "anchors .1. lie in one point.*rotation about that point and the reflection",
        ),
        ([[5.0, 5.0]] * 2, "anchors .2. lie in one point.*Give 3 or more"),
        ([[0.0, 0.0], [9.0, 9.0]], "anchors .2. lie on one line.*leave the reflection across it"),
        ([[0.0, 0.0], [3.0, 3.0], [9.0, 9.0]], "anchors .3. lie on one line.*reflection across it"),
        ([[0.0, 0.0, 1.0], [9.0, 9.0, 1.0]], "on one line.*rotation about that line and the refl"),
        ([[0.0, 0.0, 1.0], [9.0, 9.0, 1.0], [0, 4, 1]], "in one plane.*reflection across it"),
    ],
)
def test_open_motions_are_named_and_anchors_stay_exact(places, message):
    places = np.array(places, dtype=float)
    known = np.full((30, places.shape[1]), np.nan)
    known[: len(places)] = places
    is_anchor = np.arange(30) < len(places)
    latent = np.random.default_rng(0).normal(size=(30, 6))
    with pytest.warns(UserWarning, match=message) as caught:
        placement = place_anchored(latent, known, is_anchor, distance_scale=0.3)
    assert placement.solver == "smacof"
    assert caught[0].filename == __file__
    np.testing.assert_array_equal(placement.coordinates[is_anchor], places)
    assert placement.stress < 2.0
    assert np.isfinite(placement.coordinates).all()


def test_one_anchor_of_exact_latents_keeps_the_distances():
    tissue = np.random.default_rng(0).uniform(size=(30, 2))
    is_anchor = np.arange(30) == 3
    with pytest.warns(UserWarning, match="anchors .1. lie"):
        placement = by_stress(tissue, tissue + 5, is_anchor, distance_scale=1.0)
    np.testing.assert_allclose(pdist(placement.coordinates), pdist(tissue), atol=1e-9)


def test_identical_latents_are_placed_without_warnings():
    known = np.random.default_rng(0).uniform(size=(20, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        placement = by_stress(np.ones((20, 4)), known, np.arange(20) < 5, distance_scale=1.0)
    center = known[:5].mean(axis=0)
    np.testing.assert_allclose(placement.coordinates[5:], np.tile(center, (15, 1)), atol=1e-9)


def test_all_cells_may_be_anchors():
    latent, _, _, tissue = problem(20, 5)
    placement = by_stress(latent, tissue, np.ones(20, dtype=bool))
    np.testing.assert_array_equal(placement.coordinates, tissue)


LATENT = np.eye(5)
PLACES = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [np.nan, np.nan]])
FOUR = np.arange(5) < 4


@pytest.mark.parametrize(
    ("latent", "places", "is_anchor", "options", "message"),
    [
        (LATENT, PLACES, np.zeros(5, dtype=bool), {}, "no cell is an anchor; use place_free"),
        (LATENT, PLACES, np.ones(5, dtype=bool), {}, "1 of 5 anchors have NaN coordinates"),
        (LATENT, PLACES, np.ones(5), {}, "is_anchor has type float64"),
        (LATENT, PLACES, FOUR[:4], {}, r"pass a boolean mask of shape \(5,\)"),
        (LATENT, PLACES[:4], FOUR, {}, "anchor_coordinates has 4 rows; latent has 5"),
        (LATENT, np.eye(5), FOUR, {}, r"anchor_coordinates has shape \(4, 5\)"),
        (LATENT, PLACES, FOUR, {"penalty": 0.0}, "penalty is 0.0"),
        (LATENT, PLACES, FOUR, {"penalty": np.ones(4)}, r"penalty has shape \(4,\)"),
        (LATENT, PLACES, FOUR, {"penalty": -np.ones(5)}, "penalty of 4 anchors is not positive"),
        (LATENT, PLACES, FOUR, {"method": "best"}, "method is 'best'"),
        (LATENT, PLACES, FOUR, {"is_unseen": FOUR[:4]}, "is_unseen has type bool and shape"),
        (LATENT, PLACES, FOUR, {"is_unseen": np.ones(5)}, "is_unseen has type float64"),
        (LATENT, PLACES, FOUR, {"method": "blend", "penalty": 1.0}, "a blend needs hard anchors"),
        (LATENT, PLACES, FOUR, {"distance_scale": -1.0}, "distance_scale is -1.0"),
        (LATENT, PLACES, FOUR, {"max_iter": 0}, "max_iter is 0"),
        (LATENT, PLACES, np.arange(5) == 0, {}, "no pair among the 1 cell "),
        (LATENT * np.nan, PLACES, FOUR, {}, "NaN or infinite values in 5 of 5"),
    ],
)
def test_wrong_input_is_refused(latent, places, is_anchor, options, message):
    with pytest.raises(ValueError, match=message):
        place_anchored(latent, places, is_anchor, **options)


def rmse(found, tissue, is_anchor):
    return np.sqrt(((found - tissue)[~is_anchor] ** 2).sum(axis=1).mean())


@pytest.mark.slow
@pytest.mark.parametrize("n_anchors", [3, 5, 10, 50, 500, 1000])
def test_the_default_is_as_good_as_the_best_of_simpler_ways(n_anchors):
    ours, others = [], []
    for seed in range(16 if n_anchors < 10 else 4):
        latent, known, is_anchor, tissue = curved_problem(2000, n_anchors, seed)
        placement = place_anchored(latent, known, is_anchor)
        assert placement.solver == "blend"
        np.testing.assert_array_equal(placement.coordinates[is_anchor], tissue[is_anchor])
        ours.append(rmse(placement.coordinates, tissue, is_anchor))
        free = place_free(latent).coordinates
        moved = align(free[is_anchor], tissue[is_anchor]).apply(free)
        others.append([rmse(moved, tissue, is_anchor)])
        for model in (
            make_pipeline(StandardScaler(), RidgeCV(np.logspace(-3, 3, 13))),
            make_pipeline(StandardScaler(), PolynomialFeatures(2), RidgeCV(np.logspace(-3, 3, 13))),
            KNeighborsRegressor(min(10, n_anchors)),
        ):
            predicted = model.fit(latent[is_anchor], tissue[is_anchor]).predict(latent)
            others[-1].append(rmse(predicted, tissue, is_anchor))
    assert np.mean(ours) <= 1.02 * np.mean(others, axis=0).min()


def curved_problem(n_cells, n_anchors, seed):
    rng = np.random.default_rng(seed)
    tissue = rng.uniform(-1.0, 1.0, size=(n_cells, 2))
    sheet = np.c_[tissue, 0.3 * tissue[:, 0] ** 2, 0.3 * tissue.prod(axis=1)]
    basis = np.linalg.qr(rng.normal(size=(10, 4)))[0]
    latent = sheet @ basis.T + 0.1 * rng.normal(size=(n_cells, 10))
    is_anchor = np.isin(np.arange(n_cells), rng.choice(n_cells, n_anchors, replace=False))
    return latent, np.where(is_anchor[:, None], tissue, np.nan), is_anchor, tissue


@pytest.mark.parametrize("n_anchors", [4, 12, 60])
def test_the_blend_follows_motions_units_and_order(n_anchors):
    latent, known, is_anchor, _ = curved_problem(300, n_anchors, 0)
    expected = place_anchored(latent, known, is_anchor)
    turn = np.array([[0.8, -0.6], [-0.6, -0.8]])
    basis = np.linalg.qr(np.random.default_rng(1).normal(size=(10, 10)))[0]
    order = np.random.default_rng(2).permutation(300)
    found = place_anchored(
        7.0 * (latent @ basis)[order] + 3.0,
        1000.0 * (known @ turn)[order] - 50.0,
        is_anchor[order],
    )
    np.testing.assert_allclose(
        found.coordinates, 1000.0 * (expected.coordinates @ turn)[order] - 50.0, atol=1e-3
    )
    np.testing.assert_allclose(
        found.expected_error, 1000.0 * expected.expected_error[order], atol=1e-3
    )


@pytest.mark.slow
@pytest.mark.parametrize(("n_anchors", "tolerance"), [(5, 0.5), (30, 0.15), (600, 0.1)])
def test_expected_error_is_calibrated(n_anchors, tolerance):
    ratios = []
    for seed in range(8):
        latent, known, is_anchor, tissue = curved_problem(1500, n_anchors, seed)
        placement = place_anchored(latent, known, is_anchor)
        error = np.linalg.norm(placement.coordinates - tissue, axis=1)[~is_anchor]
        ratios.append(placement.expected_error[~is_anchor].mean() / error.mean())
        assert (placement.expected_error[is_anchor] == 0.0).all()
    assert np.mean(ratios) == pytest.approx(1.0, abs=tolerance)


@pytest.mark.slow
def test_expected_error_knows_which_cells_are_uncertain():
    latent, known, is_anchor, tissue = curved_problem(2000, 600, 0)
    noisy = np.random.default_rng(3).uniform(size=2000) < 0.5
    latent = np.c_[latent, 3.0 * noisy]
    latent[noisy, :10] += 0.4 * np.random.default_rng(4).normal(size=(noisy.sum(), 10))
    placement = place_anchored(latent, known, is_anchor)
    error = np.linalg.norm(placement.coordinates - tissue, axis=1)
    for group in (noisy & ~is_anchor, ~noisy & ~is_anchor):
        expected = placement.expected_error[group].mean()
        assert expected == pytest.approx(error[group].mean(), rel=0.15)


def test_residual_is_that_of_the_coordinates():
    latent, known, is_anchor, _ = curved_problem(90, 12, 0)
    for method in ("blend", "stress"):
        placement = place_anchored(latent, known, is_anchor, method=method, distance_scale=1.2)
        gap = squareform(pdist(placement.coordinates) - pdist(latent) / 1.2)
        expected = np.sqrt((gap**2).sum(axis=1) / 89)
        np.testing.assert_allclose(placement.residual, expected, rtol=1e-9)


def test_penalties_are_per_anchor():
    latent, known, is_anchor, _ = problem(50, 8)
    penalty = np.full(50, 1e-3)
    held = np.flatnonzero(is_anchor)[:3]
    penalty[held] = np.inf
    coordinates = place_anchored(latent, known, is_anchor, penalty=penalty).coordinates
    np.testing.assert_array_equal(coordinates[held], known[held])
    others = np.setdiff1d(np.flatnonzero(is_anchor), held)
    assert (np.linalg.norm(coordinates - known, axis=1)[others] > 1e-3).all()


def test_the_mixture_says_what_was_used():
    latent, known, is_anchor, tissue = curved_problem(1500, 500, 0)
    placement = place_anchored(latent, known, is_anchor)
    weights, errors = placement.blend.weights, placement.blend.errors
    assert sum(weights.values()) == pytest.approx(1.0)
    assert min(weights.values()) >= 0.0
    assert errors["blend"] <= min(errors.values())
    assert errors["blend"] == pytest.approx(rmse(placement.coordinates, tissue, is_anchor), rel=0.1)
