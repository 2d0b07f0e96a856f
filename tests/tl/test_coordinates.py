import numpy as np
import pytest

from dpvae.tl.coordinates import read_coordinates


def test_malformed_coordinates_are_refused(expression):
    expression.obsm["spatial"][0, 1] = np.nan
    with pytest.raises(ValueError, match=r"adata.obsm\['spatial'\] has 1 row that is NaN in part"):
        read_coordinates(expression, "spatial")


def test_a_key_is_asked_for_by_the_name_of_its_argument(expression):
    with pytest.raises(KeyError, match=r"Name the right key with key=…"):
        read_coordinates(expression, "nowhere", argument="key")


def test_what_a_model_makes_is_named_with_its_call(expression):
    call = r"query.obsm\['spatial_dpvae'\] = model.predict_coordinates\(query\)"
    with pytest.raises(KeyError, match=call):
        read_coordinates(expression, "spatial_dpvae", name="query")
    with pytest.raises(KeyError, match=r"recovered_key=…\"?'?$"):
        read_coordinates(expression, "nowhere", argument="recovered_key")
