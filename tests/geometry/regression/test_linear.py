import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsRegressor

from dpvae.geometry.regression import linear as regression
from dpvae.geometry.regression.linear import affine, neighbours, quadratic


@pytest.fixture
def anchored():
    rng = np.random.default_rng(0)
    latent = rng.normal(size=(80, 3))
    places = latent[:, :2] + 0.3 * latent[:, :1] ** 2 + 0.2 * rng.normal(size=(80, 2))
    return latent, np.arange(0, 80, 2), places[::2]


def features_of(regress, latent):
    if regress is affine:
        return latent
    first, second = np.triu_indices(latent.shape[1])
    return np.c_[
        latent, latent[:, first] * latent[:, second] * np.where(first == second, 0.5**0.5, 1)
    ]


@pytest.mark.parametrize("regress", [affine, quadratic])
def test_leaving_out_equals_refitting(regress, anchored, monkeypatch):
    latent, cells, places = anchored
    monkeypatch.setattr(regression, "RELATIVE_PENALTIES", np.array([0.01]))
    found = regress(latent[cells], places, np.arange(40), latent)
    features = features_of(regress, latent)
    ridge = Ridge(alpha=0.4).fit(features[cells], places)
    np.testing.assert_allclose(found.places, ridge.predict(features), atol=1e-9)
    for k in range(40):
        rest = np.delete(np.arange(40), k)
        ridge.fit(features[cells[rest]], places[rest])
        expected = ridge.predict(features[cells[k], None])[0]
        np.testing.assert_allclose(found.without[k], expected, atol=1e-9)


@pytest.mark.parametrize("regress", [affine, quadratic])
def test_the_penalty_is_the_best_for_anchors_left_out(regress, anchored, monkeypatch):
    latent, cells, places = anchored
    chosen = regress(latent[cells], places, np.arange(40), latent).without
    for penalty in regression.RELATIVE_PENALTIES.copy():
        monkeypatch.setattr(regression, "RELATIVE_PENALTIES", np.array([penalty]))
        other = regress(latent[cells], places, np.arange(40), latent).without
        assert ((chosen - places) ** 2).sum() <= ((other - places) ** 2).sum() + 1e-12


def test_neighbours_are_the_mean_of_the_nearest(anchored, monkeypatch):
    latent, cells, places = anchored
    monkeypatch.setattr(regression, "NEIGHBOUR_COUNTS", (5,))
    found = neighbours(latent[cells], places, np.arange(40), latent)
    expected = KNeighborsRegressor(5).fit(latent[cells], places).predict(latent)
    np.testing.assert_allclose(found.places, expected, atol=1e-12)
    for k in range(40):
        rest = np.delete(np.arange(40), k)
        model = KNeighborsRegressor(5).fit(latent[cells[rest]], places[rest])
        np.testing.assert_allclose(found.without[k], model.predict(latent[cells[k], None])[0])


def test_an_anchor_is_not_its_own_neighbour_even_among_copies():
    others = regression._without_self(np.array([[3, 1, 2], [4, 0, 2]]), np.array([1, 9]))
    np.testing.assert_array_equal(others, [[3, 2], [4, 0]])


def test_blocks_change_nothing(anchored, monkeypatch):
    latent, cells, places = anchored
    for regress in (affine, quadratic, neighbours):
        whole = regress(latent[cells], places, np.arange(40), latent).places
        monkeypatch.setattr(regression, "BLOCK", 7)
        np.testing.assert_allclose(
            regress(latent[cells], places, np.arange(40), latent).places, whole, atol=1e-12
        )
        monkeypatch.undo()
