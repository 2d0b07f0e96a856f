"""Coordinate systems and their units."""

import numpy as np
import pytest
from spatialdata import SpatialData
from tests.io.conftest import circles

from dpvae.io.coordinate_system import chosen_system, place_record, system_of, unit_of


@pytest.mark.parametrize(
    ("systems", "expected"),
    [
        ({"a": {"global", "micrometers"}}, "micrometers"),
        ({"a": {"image", "microns", "other"}}, "microns"),
        ({"a": {"image"}}, "image"),
        ({"a": {"global", "left"}, "b": {"global", "right"}}, "global"),
    ],
)
def test_micrometers_or_the_only_common_system_is_chosen(systems, expected):
    assert chosen_system(None, systems, "table") == expected
    assert chosen_system(expected, systems, "table") == expected


def test_units_are_known_by_name_or_reader():
    places = np.array([[0.0, 0.0]])
    spots = circles(places, [0], slide=1, slide_downscaled_hires=0.1, microns=0.5, aligned=2)
    sdata = SpatialData.init_from_elements({"spots": spots})
    assert unit_of(sdata, "microns") == "micrometer"
    assert unit_of(sdata, "slide") is None
    sdata.attrs["spatialdata_io_reader"] = "visium"
    found = {name: unit_of(sdata, name) for name in sdata.coordinate_systems}
    assert found == {
        "slide": "pixel",
        "slide_downscaled_hires": "downscaled pixel",
        "microns": "micrometer",
        "aligned": None,
    }


def test_what_is_recorded_is_read_back(counts):
    counts.uns["spatial_params"] = place_record("image", "pixel")
    assert system_of(counts) == "image"
    assert place_record("image", None) == {"coordinate_system": "image"}
