import numpy as np
import pytest

from dpvae.geometry import fit_distance_scale, place_on_layout


def problem(n_query=40, n_layout=120, n_dims=2, noise=0.2, seed=0):
    rng = np.random.default_rng(seed)
    tissue = rng.uniform(size=(n_query + n_layout, n_dims)) * 50.0
    basis = np.linalg.qr(rng.normal(size=(6, n_dims)))[0]
    latent = 0.1 * tissue @ basis.T + noise * rng.normal(size=(len(tissue), 6))
    return latent[:n_query], latent[n_query:], tissue[n_query:], tissue[:n_query]


@pytest.mark.parametrize("n_dims", [2, 3])
@pytest.mark.parametrize("weighting", ["uniform", "local"])
def test_exact_distances_are_recovered_exactly(weighting, n_dims):
    latent, layout_latent, layout, tissue = problem(n_dims=n_dims, noise=0.0)
    placement = place_on_layout(latent, layout_latent, layout, weighting=weighting)
    np.testing.assert_allclose(placement.coordinates, tissue, atol=1e-4)
    assert placement.converged
    assert placement.stress < 1e-6


@pytest.mark.parametrize("weighting", ["uniform", "local"])
def test_order_and_batches_change_no_bit(weighting):
    latent, layout_latent, layout, _ = problem()

    def place(rows):
        return place_on_layout(
            latent[rows], layout_latent, layout, weighting=weighting, n_landmarks=50
        ).coordinates

    together = place(np.arange(40))
    order = np.random.default_rng(1).permutation(40)
    np.testing.assert_array_equal(place(order), together[order])
    single = np.vstack([place(np.array([i])) for i in range(40)])
    np.testing.assert_array_equal(single, together)


def test_follows_rigid_motions_and_units():
    latent, layout_latent, layout, _ = problem()
    turn = np.array([[0.0, 1.0], [1.0, 0.0]])
    expected = place_on_layout(latent, layout_latent, layout).coordinates
    rotation = np.linalg.qr(np.random.default_rng(2).normal(size=(6, 6)))[0]
    found = place_on_layout(
        4.0 * latent @ rotation + 1.0,
        4.0 * layout_latent @ rotation + 1.0,
        1000.0 * layout @ turn - 1e5,
    ).coordinates
    np.testing.assert_allclose((found + 1e5) / 1000.0 @ turn, expected, atol=1e-4)


def test_order_of_the_layout_does_not_matter():
    latent, layout_latent, layout, _ = problem()
    order = np.random.default_rng(3).permutation(len(layout))
    expected = place_on_layout(latent, layout_latent, layout).coordinates
    found = place_on_layout(latent, layout_latent[order], layout[order]).coordinates
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_unknown_cells_of_the_layout_are_left_out():
    latent, layout_latent, layout, _ = problem()
    expected = place_on_layout(latent, layout_latent[10:], layout[10:]).coordinates
    layout[:10] = np.nan
    layout_latent[:10] = np.nan
    found = place_on_layout(latent, layout_latent, layout).coordinates
    np.testing.assert_array_equal(found, expected)


def test_distance_scale_is_fitted_to_the_layout():
    latent, layout_latent, layout, _ = problem()
    scale = fit_distance_scale(layout_latent, layout)
    np.testing.assert_array_equal(
        place_on_layout(latent, layout_latent, layout).coordinates,
        place_on_layout(latent, layout_latent, layout, distance_scale=scale).coordinates,
    )


def test_spread_landmarks_stand_for_a_large_layout():
    latent, layout_latent, layout, tissue = problem(200, 4000)
    few = place_on_layout(latent, layout_latent, layout, n_landmarks=300).coordinates
    every = place_on_layout(latent, layout_latent, layout, n_landmarks=4000).coordinates
    error = [np.linalg.norm(found - tissue, axis=1).mean() for found in (few, every)]
    assert error[0] < 1.25 * error[1]


def test_identical_latents_are_placed_at_the_centroid():
    _, _, layout, _ = problem()
    placement = place_on_layout(
        np.ones((3, 4)), np.ones((len(layout), 4)), layout, distance_scale=1.0
    )
    np.testing.assert_allclose(placement.coordinates, np.tile(layout.mean(axis=0), (3, 1)))


def test_no_new_cells_give_no_places():
    _, layout_latent, layout, _ = problem()
    placement = place_on_layout(np.empty((0, 6)), layout_latent, layout)
    assert placement.coordinates.shape == (0, 2)
    assert (placement.stress, placement.converged) == (0.0, True)


LATENT, LAYOUT_LATENT, LAYOUT, _ = problem(5, 20)


@pytest.mark.parametrize(
    ("arrays", "options", "message"),
    [
        ((LATENT[:, :5], LAYOUT_LATENT, LAYOUT), {}, "latent has 5 dimensions and .* 6"),
        ((LATENT, LAYOUT_LATENT[:9], LAYOUT), {}, "layout_latent has 9 rows .* 20"),
        ((LATENT * np.nan, LAYOUT_LATENT, LAYOUT), {}, "in 5 of 5 cells"),
        ((LATENT, LAYOUT_LATENT * np.inf, LAYOUT), {}, "layout_latent has NaN or infinite"),
        ((LATENT, LAYOUT_LATENT, LAYOUT[:, :1]), {}, r"layout_coordinates has shape \(20, 1\)"),
        ((LATENT, LAYOUT_LATENT, 0 * LAYOUT), {}, "layout_coordinates is constant"),
        ((LATENT, LAYOUT_LATENT, LAYOUT), {"weighting": "near"}, "weighting is 'near'"),
        ((LATENT, LAYOUT_LATENT, LAYOUT), {"n_landmarks": 2}, "n_landmarks is 2"),
        ((LATENT, LAYOUT_LATENT, LAYOUT), {"distance_scale": 0.0}, "distance_scale is 0.0"),
    ],
)
def test_wrong_input_is_refused(arrays, options, message):
    with pytest.raises(ValueError, match=message):
        place_on_layout(*arrays, **options)
