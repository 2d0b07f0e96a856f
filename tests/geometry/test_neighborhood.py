import numpy as np
import pytest

from dpvae.geometry.neighborhood import neighborhood_weights


def naive(places, section, n_neighbors):
    """Each cell by itself, with a loop over all others."""
    weights = np.eye(len(places))
    for row, place in enumerate(places):
        others = [
            other
            for other in range(len(places))
            if other != row and section[other] == section[row] and np.isfinite(places[other]).all()
        ]
        if np.isfinite(place).all():
            others.sort(key=lambda other: np.linalg.norm(places[other] - place))
            weights[row, others[:n_neighbors]] = 1.0
    return weights / weights.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("n_dims", [2, 3])
@pytest.mark.parametrize("n_neighbors", [1, 6, 1000])
def test_agrees_with_a_loop(n_dims, n_neighbors):
    rng = np.random.default_rng(0)
    places = rng.normal(size=(90, n_dims))
    places[::7] = np.nan
    section = rng.choice(["a", "b", "c"], size=90, p=[0.6, 0.37, 0.03])
    found = neighborhood_weights(places, section, n_neighbors)
    np.testing.assert_allclose(found.toarray(), naive(places, section, n_neighbors))


def test_order_of_cells_does_not_decide_among_equally_distant_ones():
    places = np.stack(np.meshgrid(np.arange(9.0), np.arange(8.0)), axis=-1).reshape(-1, 2)
    section = np.zeros(len(places))
    order = np.random.default_rng(0).permutation(len(places))
    expected = neighborhood_weights(places, section, 5)[order][:, order]
    found = neighborhood_weights(places[order], section, 5)
    assert (found != expected).nnz == 0


def test_cells_at_one_place_are_neighbors_but_none_counts_twice():
    places = np.array([[0.0, 0.0]] * 4 + [[5.0, 0.0], [5.0, 1.0]])
    found = neighborhood_weights(places, np.zeros(6), 2).toarray()
    np.testing.assert_allclose(found.sum(axis=1), 1.0)
    np.testing.assert_allclose(np.diag(found), 1 / 3)
    assert found[:4, 4:].sum() == 0


def test_a_cell_alone_and_unknown_places_keep_to_themselves():
    places = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [np.nan, np.nan]])
    found = neighborhood_weights(places, ["a", "a", "b", "a"], 5).toarray()
    expected = [[0.5, 0.5, 0, 0], [0.5, 0.5, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    np.testing.assert_array_equal(found, expected)
