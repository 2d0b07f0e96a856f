import numpy as np
import pytest

from dpvae.geometry import place_by_consensus, place_on_layout


def problem(n_query=100, n_layout=500, noise=0.0, curvature=0.0, seed=0):
    rng = np.random.default_rng(seed)
    tissue = rng.uniform(-1, 1, size=(n_query + n_layout, 2))
    sheet = np.c_[tissue, curvature * tissue[:, 0] ** 2, curvature * tissue.prod(axis=1)]
    latent = sheet @ np.linalg.qr(rng.normal(size=(6, 4)))[0].T
    latent += noise * rng.normal(size=latent.shape)
    return latent[:n_query], latent[n_query:], tissue[n_query:], tissue[:n_query]


def error(places, tissue):
    return np.sqrt(((places - tissue) ** 2).sum(axis=1).mean())


@pytest.mark.parametrize("n_layout", [4, 25, 500])
def test_proportional_distances_give_exact_places(n_layout):
    latent, layout_latent, layout, tissue = problem(n_layout=n_layout)
    places = place_by_consensus(7.0 * latent, 7.0 * layout_latent, layout)
    assert error(places, tissue) < 1e-2


def test_bent_sheets_are_flattened():
    latent, layout_latent, layout, tissue = problem(curvature=1.0, noise=0.02)
    assert error(place_by_consensus(latent, layout_latent, layout), tissue) < 0.08


def test_scattered_latents_are_placed_better_than_by_distances():
    latent, layout_latent, layout, tissue = problem(noise=0.4)
    found = error(place_by_consensus(latent, layout_latent, layout), tissue)
    by_distances = error(place_on_layout(latent, layout_latent, layout).coordinates, tissue)
    assert found < 0.9 * by_distances


def test_follows_motions_units_and_rotations_of_the_latents():
    latent, layout_latent, layout, _ = problem(noise=0.2)
    expected = place_by_consensus(latent, layout_latent, layout)
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    rotation = np.linalg.qr(np.random.default_rng(1).normal(size=(6, 6)))[0]
    found = place_by_consensus(
        5 * latent @ rotation + 1e3, 5 * layout_latent @ rotation + 1e3, 1e4 + 30 * layout @ turn
    )
    np.testing.assert_allclose((found - 1e4) / 30 @ turn.T, expected, atol=1e-3)


@pytest.mark.slow
def test_a_cell_does_not_depend_on_the_others():
    latent, layout_latent, layout, _ = problem(noise=0.2)
    together = place_by_consensus(latent, layout_latent, layout)
    alone = np.vstack([place_by_consensus(cell[None], layout_latent, layout) for cell in latent])
    np.testing.assert_allclose(alone, together, atol=1e-10)


def test_large_layouts_are_thinned_without_harm():
    latent, layout_latent, layout, tissue = problem(n_layout=30_000, noise=0.1)
    found = error(place_by_consensus(latent, layout_latent, layout), tissue)
    fewer = error(place_by_consensus(latent, layout_latent[:5000], layout[:5000]), tissue)
    assert found < 1.05 * fewer


def test_cells_of_unknown_place_are_left_out_of_the_layout():
    latent, layout_latent, layout, _ = problem(noise=0.1)
    layout[::3] = np.nan
    known = np.isfinite(layout[:, 0])
    np.testing.assert_array_equal(
        place_by_consensus(latent, layout_latent, layout),
        place_by_consensus(latent, layout_latent[known], layout[known]),
    )


def test_latents_of_another_encoder_are_refused():
    latent, layout_latent, layout, _ = problem()
    with pytest.raises(ValueError, match="both must come from the same encoder"):
        place_by_consensus(latent[:, :3], layout_latent, layout)
