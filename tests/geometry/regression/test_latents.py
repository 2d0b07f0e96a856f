import numpy as np
import pytest

from dpvae.geometry.regression.latents import fit_on_latents, standardized


@pytest.mark.parametrize(
    ("n_cells", "names"),
    [
        (19, ["affine"]),
        (20, ["affine", "neighbors"]),
        (30, ["affine", "neighbors", "quadratic"]),
    ],
)
def test_regressions_join_when_there_are_cells_enough(n_cells, names):
    latent = np.random.default_rng(0).normal(size=(n_cells, 3))
    assert sorted(fit_on_latents(latent, latent[:, :2], np.arange(n_cells))) == names


def test_every_regression_places_what_it_was_not_fitted_to():
    rng = np.random.default_rng(0)
    latent = rng.normal(size=(500, 3))
    places = latent[:, :2] + 0.1 * rng.normal(size=(500, 2))
    left_out = np.arange(0, 400, 4)
    for name, fit in fit_on_latents(latent[:400], places[:400], left_out).items():
        far = 0.5 if name == "neighbors" else 0.2
        assert np.sqrt(((fit.left_out - places[left_out]) ** 2).sum(axis=1).mean()) < far
        assert np.sqrt(((fit.predict(latent[400:]) - places[400:]) ** 2).sum(axis=1).mean()) < far


def test_standardized_latents_keep_ratios_of_distances():
    rng = np.random.default_rng(1)
    latent, other = rng.normal(size=(60, 4)) * [3, 2, 1, 1], rng.normal(size=(5, 4))
    known, new = standardized(latent, other)
    assert known.var(axis=0).mean() == pytest.approx(1.0)
    assert (np.diff(known.var(axis=0)) <= 1e-9).all()
    np.testing.assert_allclose(known.T @ known / 60, np.diag(known.var(axis=0)), atol=1e-9)
    before = np.linalg.norm(other[:, None] - latent, axis=-1)
    after = np.linalg.norm(new[:, None] - known, axis=-1)
    np.testing.assert_allclose(after / before, (after / before)[0, 0])


def test_latents_that_do_not_vary_are_all_zero():
    (found,) = standardized(np.full((7, 3), 5.0))
    np.testing.assert_array_equal(found, np.zeros((7, 1)))
