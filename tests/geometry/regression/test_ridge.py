import numpy as np
import pytest
from sklearn.linear_model import Ridge

from dpvae.geometry.regression import ridge as regression
from dpvae.geometry.regression.ridge import fit_affine, fit_quadratic


@pytest.fixture
def anchored():
    rng = np.random.default_rng(0)
    latent = rng.normal(size=(80, 3))
    places = latent[:, :2] + 0.3 * latent[:, :1] ** 2 + 0.2 * rng.normal(size=(80, 2))
    return latent, np.arange(0, 80, 2), places[::2]


def features_of(fit, latent):
    if fit is fit_affine:
        return latent
    first, second = np.triu_indices(latent.shape[1])
    return np.c_[
        latent, latent[:, first] * latent[:, second] * np.where(first == second, 0.5**0.5, 1)
    ]


@pytest.mark.parametrize("fit", [fit_affine, fit_quadratic])
def test_leaving_out_equals_refitting(fit, anchored, monkeypatch):
    latent, cells, places = anchored
    monkeypatch.setattr(regression, "RELATIVE_PENALTIES", np.array([0.01]))
    found = fit(latent[cells], places, np.arange(40))
    features = features_of(fit, latent)
    ridge = Ridge(alpha=0.4).fit(features[cells], places)
    np.testing.assert_allclose(found.predict(latent), ridge.predict(features), atol=1e-9)
    for k in range(40):
        rest = np.delete(np.arange(40), k)
        ridge.fit(features[cells[rest]], places[rest])
        expected = ridge.predict(features[cells[k], None])[0]
        np.testing.assert_allclose(found.left_out[k], expected, atol=1e-9)


@pytest.mark.parametrize("fit", [fit_affine, fit_quadratic])
def test_the_penalty_is_the_best_for_anchors_left_out(fit, anchored, monkeypatch):
    latent, cells, places = anchored
    chosen = fit(latent[cells], places, np.arange(40)).left_out
    for penalty in regression.RELATIVE_PENALTIES.copy():
        monkeypatch.setattr(regression, "RELATIVE_PENALTIES", np.array([penalty]))
        other = fit(latent[cells], places, np.arange(40)).left_out
        assert ((chosen - places) ** 2).sum() <= ((other - places) ** 2).sum() + 1e-12


def test_blocks_change_nothing(anchored, monkeypatch):
    latent, cells, places = anchored
    for fit in (fit_affine, fit_quadratic):
        fitted = fit(latent[cells], places, np.arange(40))
        whole = fitted.predict(latent)
        monkeypatch.setattr(regression, "BLOCK", 7)
        np.testing.assert_allclose(fitted.predict(latent), whole, atol=1e-12)
        monkeypatch.undo()
