"""A coordinate system in micrometres."""

import numpy as np
import pytest
from scipy.spatial import cKDTree
from spatialdata import SpatialData
from spatialdata.models import Image2DModel, ShapesModel, TableModel
from spatialdata.transformations import Identity, Scale, get_transformation
from tests.instrument_folders import on_spots
from tests.io.conftest import annotated, circles

from dpvae import io
from dpvae.io.add_micrometers import hexagonal, size_of_pixel
from dpvae.model import Surfaces


@pytest.fixture
def visium(counts):
    """Two slides of spots, as spatialdata-io reads them, in pixels of .4 and .25 µm."""
    spots = on_spots(counts)
    region = np.where(np.arange(counts.n_obs) < 120, "left", "right")
    pixel = {"left": 0.4, "right": 0.25}
    elements = {}
    for name, size in pixel.items():
        mine = region == name
        places = spots.obsm["spatial"][mine] / size
        systems = {name: 1, f"{name}_downscaled_hires": 0.02}
        elements[name] = circles(places, np.flatnonzero(mine), **systems)
    elements["table"] = annotated(spots, region, np.arange(counts.n_obs))
    sdata = SpatialData.init_from_elements(elements)
    sdata.attrs["spatialdata_io_reader"] = "visium"
    return sdata, spots


def test_pixels_of_visium_are_measured_by_the_distance_of_spots(visium):
    sdata, spots = visium
    io.add_micrometers(sdata)
    np.testing.assert_allclose(io.table_of(sdata).obsm["spatial"], spots.obsm["spatial"])


def test_a_given_size_goes_before_what_is_measured(visium):
    sdata, spots = visium
    io.add_micrometers(sdata, pixel_size=0.8)
    found = io.table_of(sdata).obsm["spatial"]
    np.testing.assert_allclose(found[:120], 2.0 * spots.obsm["spatial"][:120])


def test_images_go_along_and_a_second_call_changes_nothing(visium):
    sdata, _ = visium
    image = np.zeros((1, 10, 10))
    to_left = {"left_downscaled_hires": Identity(), "left": Scale([50.0, 50.0], ("x", "y"))}
    sdata["picture"] = Image2DModel.parse(image, dims=("c", "y", "x"), transformations=to_left)
    io.add_micrometers(sdata)
    found = get_transformation(sdata["picture"], "micrometers").to_affine_matrix("xy", "xy")
    np.testing.assert_allclose(found, np.diag([50 * 0.4, 50 * 0.4, 1]))
    io.add_micrometers(sdata, pixel_size=9.0)
    again = get_transformation(sdata["picture"], "micrometers").to_affine_matrix("xy", "xy")
    np.testing.assert_allclose(again, found)


def test_tables_of_other_cells_do_not_disturb(visium, counts):
    sdata, spots = visium
    sdata["free"] = TableModel.parse(counts.copy())
    placed = spots[:50].copy()
    placed.obs["array_row"] = placed.obs["array_row"].to_numpy()[::-1]  # of a slide of its own
    sdata["placed"] = circles(placed.obsm["spatial"], np.arange(50), left=1)
    sdata["last"] = annotated(placed, "placed", np.arange(50))
    io.add_micrometers(sdata)
    found = io.table_of(sdata, "table").obsm["spatial"]
    np.testing.assert_allclose(found, spots.obsm["spatial"])


def test_outlines_of_xenium_are_in_micrometers(counts):
    places, names = counts.obsm["spatial"], np.arange(counts.n_obs)
    elements = {
        "an_own_one": circles(places / 0.2, names, **{"global": 1}),
        "cell_circles": circles(places, names, **{"global": 1 / 0.2}),
        "table": annotated(counts, "cell_circles", names),
    }
    sdata = SpatialData.init_from_elements(elements)
    sdata.attrs["spatialdata_io_reader"] = "xenium"
    assert io.table_of(sdata).uns["spatial_params"]["unit"] == "pixel"
    io.add_micrometers(sdata)
    np.testing.assert_allclose(io.table_of(sdata).obsm["spatial"], places)
    other = SpatialData.init_from_elements({"cells": elements["an_own_one"]})
    other.attrs["spatialdata_io_reader"] = "xenium"
    with pytest.raises(ValueError, match="not known how large the pixels"):
        io.add_micrometers(other)


def test_what_is_not_known_is_asked_for(in_pixels):
    with pytest.raises(ValueError, match="how large the pixels of sdata are: give add_micro"):
        io.add_micrometers(in_pixels)
    with pytest.raises(ValueError, match=r"'image', 'microns'\], and it is not clear of which"):
        io.add_micrometers(in_pixels, pixel_size=0.5)
    for wrong in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(ValueError, match="give the micrometres of a pixel, above 0"):
            io.add_micrometers(in_pixels, pixel_size=wrong)


def test_a_global_system_is_in_pixels():
    spots = ShapesModel.parse(np.array([[10.0, 20.0]]), geometry=0, radius=1)
    sdata = SpatialData.init_from_elements({"spots": spots})
    io.add_micrometers(sdata, pixel_size=0.5)
    found = get_transformation(sdata["spots"], "micrometers").to_affine_matrix("xy", "xy")
    np.testing.assert_allclose(found, np.diag([0.5, 0.5, 1.0]))


@pytest.mark.parametrize("mirrored", [1.0, -1.0])
def test_the_size_of_a_pixel_does_not_depend_on_the_frame(mirrored):
    rng = np.random.default_rng(0)
    micrometers = rng.integers(0, 20, size=(50, 2)) * hexagonal(100.0)
    angle = 0.7
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    pixels = (micrometers @ turn * [1.0, mirrored]) / 0.35 + [500.0, -20.0]
    pixels[3] = np.nan
    assert size_of_pixel(micrometers, pixels, step=100.0) == pytest.approx(0.35)
    assert size_of_pixel(rng.permutation(micrometers), pixels, step=100.0) is None


def test_neighbouring_spots_of_the_hexagonal_grid_have_the_pitch():
    row, column = hexagonal(100.0)
    assert np.hypot(row, column) == pytest.approx(100.0)
    assert 2 * column == pytest.approx(100.0)


def test_spots_on_a_line_do_not_show_the_size():
    line = np.arange(10.0)[:, None] * [1.0, 2.0]
    with pytest.raises(ValueError, match="lie on a line"):
        size_of_pixel(line, 3.0 * line, step=1.0)


@pytest.mark.slow
def test_a_unit_that_is_wrong_on_purpose_is_refused(expression):
    names = np.arange(expression.n_obs)
    spots = circles(2.0 * expression.obsm["spatial"], names, slide=1, slide_downscaled_hires=0.02)
    sdata = SpatialData.init_from_elements(
        {"spots": spots, "table": annotated(expression, "spots", names)}
    )
    sdata.attrs["spatialdata_io_reader"] = "visium"
    io.add_micrometers(sdata, pixel_size=0.5)
    reference = io.table_of(sdata)[:180].copy()
    Surfaces.setup_anndata(reference)
    model = Surfaces(reference)
    model.train()
    anchors = np.arange(60) < 30
    for system, unit in (("slide", "pixel"), ("slide_downscaled_hires", "downscaled pixel")):
        query = io.table_of(sdata, coordinate_system=system)[180:].copy()
        with pytest.raises(ValueError, match=f"the unit '{unit}', the reference in 'micrometer'"):
            model.predict_coordinates(query, anchors)
    query = io.table_of(sdata)[180:].copy()
    places = model.predict_coordinates(query, anchors)
    np.testing.assert_array_equal(places[anchors], query.obsm["spatial"][anchors])


@pytest.mark.real
@pytest.mark.parametrize("name", ["visium_v1_adult_mouse_brain", "dlpfc_151507"])
def test_spots_of_real_slides_show_the_size_of_a_pixel(real_section, name):
    adata = real_section(name)
    array = adata.obs[["array_row", "array_col"]].to_numpy(np.float64) * hexagonal(100.0)
    pixels = np.asarray(adata.obsm["spatial"], dtype=np.float64)
    size = size_of_pixel(array, pixels, step=87.0)
    nearest = cKDTree(pixels).query(pixels, k=2)[0][:, 1]
    assert np.median(nearest) * size == pytest.approx(100.0, rel=0.02)


@pytest.mark.real
def test_two_slides_in_one_frame_show_no_size(real_section):
    adata = real_section("visium_human_prostate_2samples_mini")
    array = adata.obs[["array_row", "array_col"]].to_numpy(np.float64) * hexagonal(100.0)
    assert size_of_pixel(array, np.asarray(adata.obsm["spatial"]), step=87.0) is None
