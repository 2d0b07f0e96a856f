import numpy as np
import pytest
from scipy.sparse import csr_matrix

from dpvae.model.linear_map import WORTH_OF_CELLS, fit_linear_map

RNG_SEED = 0


def problem(n_cells=300, n_genes=40, noise=0.1):
    """Two sections with frames of their own; places are linear in a few strong genes."""
    rng = np.random.default_rng(RNG_SEED)
    genes = rng.normal(size=(n_cells, n_genes)) + 3.0
    genes[:, :3] *= 5.0
    section = np.where(np.arange(n_cells) % 3 == 0, "a", "b")
    slopes = {"a": rng.normal(size=(3, 2)), "b": rng.normal(size=(3, 2))}
    places = np.stack([cell[:3] @ slopes[name] for cell, name in zip(genes, section, strict=True)])
    return genes, places + noise * rng.normal(size=places.shape), section


def alone(linear, genes, frame):
    """Places of the map without those that it joins."""
    start = np.zeros((genes.shape[0], 2))
    joined = linear.join(start, frame, lambda rows: genes[rows])
    known = dict(zip(linear.section, linear.n_known, strict=True))
    share = [WORTH_OF_CELLS / (WORTH_OF_CELLS + known[name]) for name in frame]
    return joined / np.array(share)[:, None]


@pytest.mark.parametrize("form", [np.asarray, csr_matrix])
def test_linear_tissues_are_learned_each_in_its_frame(form):
    genes, places, section = problem()
    train, test = np.arange(240), np.arange(240, 300)
    stored = form(genes)
    linear = fit_linear_map(
        lambda rows: stored[train[rows]], np.ones(40), places[train], section[train]
    )
    found = alone(linear, stored[test], section[test])
    spread = places[test].std()
    assert np.sqrt(np.mean((found - places[test]) ** 2)) < 0.1 * spread


def test_cells_of_unknown_place_shape_the_axes_but_not_the_regression():
    genes, places, section = problem()
    hidden = places.copy()
    hidden[150:] = np.nan
    linear = fit_linear_map(lambda rows: genes[rows], np.ones(40), hidden, section)
    assert linear.n_known.tolist() == [50, 100]
    np.testing.assert_allclose(linear.mean, genes.mean(axis=0))
    shuffled = genes.copy()
    shuffled[150:] = genes[150:][::-1]  # the same axes
    again = fit_linear_map(lambda rows: shuffled[rows], np.ones(40), hidden, section)
    np.testing.assert_allclose(
        alone(again, genes, section), alone(linear, genes, section), rtol=1e-4, atol=1e-4
    )


def test_it_counts_as_much_as_a_hundred_cells():
    genes, places, section = problem()
    linear = fit_linear_map(lambda rows: genes[rows], np.ones(40), places, section)
    read = lambda rows: genes[rows]  # noqa: E731
    from_genes = alone(linear, genes, section)
    joined = linear.join(places + 7.0, section, read)
    n_known = np.where(section == "a", 100, 200)[:, None]
    expected = (100 * from_genes + n_known * (places + 7.0)) / (100 + n_known)
    np.testing.assert_allclose(joined, expected)


def test_weighted_components_see_what_is_weak():
    genes = problem()[0]
    genes[:, :3] /= 100.0
    single = np.full(300, "b")
    places = genes[:, :2] * 300
    factor = np.r_[1000.0, 1000.0, 1000.0, np.ones(37)]
    linear = fit_linear_map(lambda rows: genes[rows], factor, places, single)
    found = alone(linear, genes, single)
    assert np.corrcoef(found[:, 0], places[:, 0])[0, 1] > 0.99


def test_identical_cells_are_placed_in_the_middle():
    places = np.random.default_rng(0).normal(size=(20, 2))
    genes, section = np.ones((20, 5)), np.full(20, "a")
    linear = fit_linear_map(lambda rows: genes[rows], np.ones(5), places, section)
    np.testing.assert_allclose(alone(linear, genes, section), np.tile(places.mean(0), (20, 1)))
