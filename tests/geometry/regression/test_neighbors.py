import numpy as np
import pytest
from sklearn.neighbors import KNeighborsRegressor

from dpvae.geometry.regression import neighbors as regression
from dpvae.geometry.regression.neighbors import fit_neighbors


@pytest.fixture
def anchored():
    rng = np.random.default_rng(0)
    latent = rng.normal(size=(80, 3))
    places = latent[:, :2] + 0.3 * latent[:, :1] ** 2 + 0.2 * rng.normal(size=(80, 2))
    return latent, np.arange(0, 80, 2), places[::2]


def test_neighbors_are_the_mean_of_the_nearest(anchored, monkeypatch):
    latent, cells, places = anchored
    monkeypatch.setattr(regression, "COUNTS", (5,))
    found = fit_neighbors(latent[cells], places, np.arange(40))
    expected = KNeighborsRegressor(5).fit(latent[cells], places).predict(latent)
    np.testing.assert_allclose(found.predict(latent), expected, atol=1e-12)
    for k in range(40):
        rest = np.delete(np.arange(40), k)
        model = KNeighborsRegressor(5).fit(latent[cells[rest]], places[rest])
        np.testing.assert_allclose(found.left_out[k], model.predict(latent[cells[k], None])[0])


def test_their_number_is_the_best_for_cells_left_out(anchored, monkeypatch):
    latent, cells, places = anchored
    chosen = fit_neighbors(latent[cells], places, np.arange(40)).left_out
    for count in regression.COUNTS[:3]:
        monkeypatch.setattr(regression, "COUNTS", (count,))
        other = fit_neighbors(latent[cells], places, np.arange(40)).left_out
        assert ((chosen - places) ** 2).sum() <= ((other - places) ** 2).sum()


def test_a_cell_is_not_its_own_neighbor_even_among_copies():
    others = regression._without_self(np.array([[3, 1, 2], [4, 0, 2]]), np.array([1, 9]))
    np.testing.assert_array_equal(others, [[3, 2], [4, 0]])


def test_blocks_change_nothing(anchored, monkeypatch):
    latent, cells, places = anchored
    fit = fit_neighbors(latent[cells], places, np.arange(40))
    whole = fit.predict(latent)
    monkeypatch.setattr(regression, "BLOCK", 7)
    np.testing.assert_allclose(fit.predict(latent), whole, atol=1e-12)
