import numpy as np
import pytest

from dpvae.geometry import fit_distance_scale


def naive_scale(latent, coordinates, section):
    product = square = 0.0
    for i in range(len(latent)):
        for j in range(i):
            if section[i] != section[j] or np.isnan(coordinates[[i, j]]).any():
                continue
            in_tissue = np.linalg.norm(coordinates[i] - coordinates[j])
            product += np.linalg.norm(latent[i] - latent[j]) * in_tissue
            square += in_tissue**2
    return product / square


@pytest.fixture
def cells():
    rng = np.random.default_rng(1)
    coordinates = rng.uniform(size=(50, 2))
    coordinates[[3, 30]] = np.nan
    return rng.normal(size=(50, 6)), coordinates, rng.integers(3, size=50)


def test_equals_a_double_loop(cells):
    latent, coordinates, section = cells
    found = fit_distance_scale(latent, coordinates, section=section)
    assert found == pytest.approx(naive_scale(latent, coordinates, section), rel=1e-12)


def test_minimizes_the_squared_loss(cells):
    latent, coordinates, _ = cells
    known = ~np.isnan(coordinates).any(axis=1)
    rows = np.triu_indices(known.sum(), 1)
    in_latent = np.linalg.norm(np.subtract(*latent[known][np.array(rows)]), axis=1)
    in_tissue = np.linalg.norm(np.subtract(*coordinates[known][np.array(rows)]), axis=1)
    best = fit_distance_scale(latent, coordinates)
    losses = [((in_latent - best * factor * in_tissue) ** 2).sum() for factor in (0.99, 1, 1.01)]
    assert np.argmin(losses) == 1


def test_follows_units(cells):
    latent, coordinates, _ = cells
    scale = fit_distance_scale(latent, coordinates)
    assert fit_distance_scale(3 * latent, 50 * coordinates) == pytest.approx(scale * 3 / 50)


def test_random_pairs_agree_with_all_pairs():
    rng = np.random.default_rng(2)
    coordinates = rng.uniform(size=(1500, 2))
    latent = coordinates @ rng.normal(size=(2, 5)) + 0.3 * rng.normal(size=(1500, 5))
    sampled = fit_distance_scale(latent, coordinates, max_pairs=100_000)
    complete = fit_distance_scale(latent, coordinates, max_pairs=2_000_000)
    assert sampled == pytest.approx(complete, rel=5e-3)
    assert sampled != complete


def test_unknown_cells_may_have_any_latent(cells):
    latent, coordinates, _ = cells
    expected = fit_distance_scale(latent, coordinates)
    latent[3] = np.nan
    assert fit_distance_scale(latent, coordinates) == expected


@pytest.mark.parametrize(
    ("latent", "coordinates", "message"),
    [
        (np.eye(3), np.ones((3, 2)), "no pair among the 3 cells"),
        (np.eye(3), [[0, 0], [np.nan] * 2, [np.nan] * 2], "no pair among the 1 cell "),
        (np.ones((3, 3)), np.eye(3)[:, :2], "collapsed latent space"),
        (np.eye(4), np.eye(3)[:, :2], "latent has 4 rows, coordinates 3"),
        (np.full((3, 2), np.nan), np.eye(3)[:, :2], "NaN or infinite values in 3 of 3"),
    ],
)
def test_what_has_no_scale_is_refused(latent, coordinates, message):
    with pytest.raises(ValueError, match=message):
        fit_distance_scale(latent, coordinates)


def test_pairs_across_sections_do_not_count():
    with pytest.raises(ValueError, match="lies apart within a section"):
        fit_distance_scale(np.eye(3), np.eye(3)[:, :2], section=np.arange(3))
