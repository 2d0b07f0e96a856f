"""Coordinates of a query are in the unit of the reference."""

import numpy as np
import pytest

from dpvae.model import DPVAE, Surfaces, load
from dpvae.model.data.given_coordinates import given_coordinates, unit_name


def in_unit(adata, unit):
    """The cells, with places that table_of read in this unit."""
    adata = adata.copy()
    adata.uns["spatial_params"] = {"coordinate_system": "any", "unit": unit}
    return adata


@pytest.fixture
def model(expression, tmp_path):
    """A saved and loaded model of a reference in micrometres."""
    reference = in_unit(expression[:180], "micrometer")
    Surfaces.setup_anndata(reference)
    model = Surfaces(reference)
    model.train()
    model.save(tmp_path / "model")
    return load(tmp_path / "model")


def test_a_unit_is_read_where_it_is_known(expression):
    assert unit_name(expression, "spatial") is None
    assert unit_name(in_unit(expression, "pixel"), "spatial") == "pixel"
    assert unit_name(in_unit(expression, "pixel"), "other") is None
    expression.uns["spatial_params"] = "something of others"
    assert unit_name(expression, "spatial") is None


@pytest.mark.slow
def test_anchors_in_another_unit_are_refused(model, expression):
    assert model.setup.unit_name == "micrometer"
    anchors = np.arange(60) < 30
    query = in_unit(expression[180:], "micrometer")
    places = model.predict_coordinates(query, anchors)
    np.testing.assert_array_equal(places[anchors], query.obsm["spatial"][anchors])
    query = in_unit(expression[180:], "pixel")
    with pytest.raises(ValueError, match="in the unit 'pixel', the reference in 'micrometer': re"):
        model.predict_coordinates(query, anchors)


@pytest.mark.slow
def test_places_that_are_not_used_may_be_in_any_unit(model, expression):
    found = [
        model.predict_coordinates(in_unit(expression[180:], unit))
        for unit in ("micrometer", "pixel")
    ]
    np.testing.assert_array_equal(*found)


@pytest.mark.slow
def test_a_unit_that_is_not_known_is_trusted(model, expression):
    given = given_coordinates(expression, model.setup)
    np.testing.assert_array_equal(given, expression.obsm["spatial"])


@pytest.mark.slow
def test_learning_from_places_in_another_unit_is_refused(model, expression):
    query = in_unit(expression[180:], "pixel")
    query.obsm["spatial"][20:] = np.nan
    tuned = Surfaces.load_query_data(query, model)
    with pytest.raises(ValueError, match="in the unit 'pixel', the reference in 'micrometer'"):
        tuned.train()


def test_models_that_learned_of_no_unit_are_read(expression):
    DPVAE.setup_anndata(expression)
    registry = DPVAE(expression, n_hidden=8, n_layers=1).registry
    del registry["field_registries"]["coordinates"]["state_registry"]["unit_name"]
    from dpvae.model.data.setup import Setup

    assert Setup.of(registry).unit_name is None
