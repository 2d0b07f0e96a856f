import numpy as np
import pytest
from tests.conftest import QUICK, QUIET

from dpvae.model import DPHVAE, load


@pytest.mark.trains
@pytest.mark.parametrize(("distance_level", "n_latent"), [(None, 3), (1, 6)])
def test_places_are_from_the_level_that_was_chosen(expression, tmp_path, distance_level, n_latent):
    reference, query = expression[:180].copy(), expression[180:, ::-1].copy()
    DPHVAE.setup_anndata(reference)
    options = {"n_latent": 3, "n_lower": (6,), "distance_level": distance_level, **QUICK}
    model = DPHVAE(reference, **options)
    model.train(max_epochs=30, batch_size=32, **QUIET)
    latent = model.get_latent_representation(query)
    assert latent.shape[1] == n_latent
    places = model.predict_coordinates(query)
    errors = np.linalg.norm(places - query.obsm["spatial"], axis=1)
    assert np.median(errors) < 0.6 * model.setup.unit
    model.save(tmp_path / "model")
    loaded = load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.predict_coordinates(query), places)
    distances = model.history["distance_loss_train"].iloc[:, 0]
    assert distances.iloc[-1] < 0.9 * distances.iloc[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_lower": ()}, r"n_lower is \(\): give the dimension of each level"),
        ({"n_lower": (20, 0)}, r"n_lower is \(20, 0\)"),
        ({"n_lower": (2.5,)}, r"n_lower is \(2.5,\)"),
        ({"n_lower": 20}, "n_lower is 20: give the dimension of each level"),
        ({"n_lower": (True,)}, r"n_lower is \(True,\)"),
        ({"distance_level": 1.0}, "distance_level is 1.0: give a level from 1 to 2"),
        ({"distance_level": True}, "distance_level is True: give a level from 1 to 2"),
        ({"distance_level": 3}, "distance_level is 3: give a level from 1 to 2"),
        ({"distance_level": 0}, "distance_level is 0: give a level from 1 to 2"),
    ],
)
def test_levels_that_there_are_not_are_refused(expression, options, message):
    DPHVAE.setup_anndata(expression)
    with pytest.raises(ValueError, match=message):
        DPHVAE(expression, **options)
