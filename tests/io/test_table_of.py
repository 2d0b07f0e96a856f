"""Cells of a SpatialData object, as an AnnData with places."""

import numpy as np
import pandas as pd
import pytest
from spatialdata import SpatialData
from spatialdata.models import Labels2DModel, PointsModel, ShapesModel
from spatialdata.transformations import Scale
from tests.io.conftest import annotated, circles, turned

from dpvae import io


def test_places_are_read_in_the_named_system_in_the_order_of_the_table(in_pixels, counts):
    adata = io.table_of(in_pixels, coordinate_system="microns")
    np.testing.assert_allclose(adata.obsm["spatial"], counts.obsm["spatial"])
    assert adata.uns["spatial_params"] == {"coordinate_system": "microns", "unit": "micrometer"}
    adata = io.table_of(in_pixels, coordinate_system="image")
    np.testing.assert_allclose(adata.obsm["spatial"], 2.0 * counts.obsm["spatial"])
    assert adata.uns["spatial_params"] == {"coordinate_system": "image"}


def test_the_object_is_not_changed(in_pixels):
    in_pixels["table"].uns["spatial"] = {"library": {"metadata": {}}}
    adata = io.table_of(in_pixels, coordinate_system="microns")
    adata.X.data[:] = 0
    assert "spatial" not in adata.uns
    assert "spatial" in in_pixels["table"].uns
    assert "spatial_params" not in in_pixels["table"].uns
    assert in_pixels["table"].X.sum() > 0


def test_micrometers_are_the_default_and_of_several_others_none_is_chosen(in_pixels, counts):
    adata = io.table_of(in_pixels)
    assert adata.uns["spatial_params"]["coordinate_system"] == "microns"
    names = np.arange(counts.n_obs)
    spots = circles(2.0 * counts.obsm["spatial"], names, image=1, hires=0.1)
    sdata = SpatialData.init_from_elements(
        {"spots": spots, "table": annotated(counts, "spots", names)}
    )
    with pytest.raises(ValueError, match=r"systems: 'spots': \['hires', 'image'\]. Name one"):
        io.table_of(sdata)


def test_an_affine_transformation_is_undone(counts):
    spots = turned(counts.obsm["spatial"], np.arange(counts.n_obs), "global")
    sdata = SpatialData.init_from_elements(
        {"spots": spots, "table": annotated(counts, "spots", np.arange(counts.n_obs))}
    )
    np.testing.assert_allclose(io.table_of(sdata).obsm["spatial"], counts.obsm["spatial"])


@pytest.mark.parametrize("kind", ["polygons", "labels", "points"])
def test_cells_of_every_kind_have_their_centre(kind, counts):
    n = counts.n_obs
    corner = 4 * np.stack(np.divmod(np.arange(n), 20)[::-1], axis=1)  # a grid of squares
    names = np.arange(1, n + 1)
    to_global = {"global": Scale([0.5, 0.5], axes=("x", "y"))}
    if kind == "polygons":
        from geopandas import GeoDataFrame
        from shapely import box

        squares = box(*corner.T, *(corner + 2).T)
        cells = ShapesModel.parse(
            GeoDataFrame(geometry=squares, index=names), transformations=to_global
        )
    elif kind == "labels":
        image = np.zeros((4 * n // 20, 80), dtype=np.int32)
        for name, (x, y) in zip(names, corner, strict=True):
            image[y : y + 2, x : x + 2] = name
        cells = Labels2DModel.parse(image, dims=("y", "x"), transformations=to_global)
    else:
        frame = pd.DataFrame(corner + 1.0, columns=["x", "y"], index=names)
        cells = PointsModel.parse(frame, transformations=to_global)
    table = annotated(counts, "cells", names)
    sdata = SpatialData.init_from_elements({"cells": cells, "table": table})
    np.testing.assert_allclose(io.table_of(sdata).obsm["spatial"], 0.5 * (corner + 1.0))


def test_points_in_space_have_three_coordinates(counts):
    places = np.random.default_rng(0).normal(size=(counts.n_obs, 3))
    frame = pd.DataFrame(places, columns=["x", "y", "z"])
    sdata = SpatialData.init_from_elements(
        {
            "cells": PointsModel.parse(frame),
            "table": annotated(counts, "cells", np.arange(counts.n_obs)),
        }
    )
    np.testing.assert_allclose(io.table_of(sdata).obsm["spatial"], places)


def test_several_elements_are_sections_of_one_table(counts):
    region = np.where(np.arange(counts.n_obs) % 2, "left", "right")
    names = np.arange(counts.n_obs) // 2  # each element has a cell of each name
    places = counts.obsm["spatial"]
    elements = {
        name: circles(10.0**power * places[region == name], names[region == name], **{"global": 1})
        for power, name in enumerate(("left", "right"))
    }
    sdata = SpatialData.init_from_elements(elements | {"table": annotated(counts, region, names)})
    adata = io.table_of(sdata)
    expected = places * np.where(region == "left", 1.0, 10.0)[:, None]
    np.testing.assert_allclose(adata.obsm["spatial"], expected)
    assert adata.uns["spatialdata_attrs"]["region_key"] == "region"
    assert (adata.obs["region"] == region).all()


def test_elements_without_a_common_system_are_named(counts):
    region = np.where(np.arange(counts.n_obs) % 2, "left", "right")
    names = np.arange(counts.n_obs)
    elements = {
        name: circles(counts.obsm["spatial"][region == name], names[region == name], **{name: 1})
        for name in ("left", "right")
    }
    sdata = SpatialData.init_from_elements(elements | {"table": annotated(counts, region, names)})
    with pytest.raises(ValueError, match=r"'right': \['right'\], 'left': \['left'\]"):
        io.table_of(sdata)
    with pytest.raises(KeyError, match="'right', which table 'table' annotates, has no transform"):
        io.table_of(sdata, coordinate_system="left")


def test_cells_that_the_element_lacks_have_no_place(in_pixels, counts):
    in_pixels["spots"] = in_pixels["spots"].drop(index=["c3", "c7"])
    with pytest.warns(UserWarning, match="2 of 240 cells of table 'table' are not in element 'sp"):
        adata = io.table_of(in_pixels, coordinate_system="microns")
    lost = np.isin(np.arange(240), [3, 7])
    assert np.isnan(adata.obsm["spatial"][lost]).all()
    np.testing.assert_allclose(adata.obsm["spatial"][~lost], counts.obsm["spatial"][~lost])


def test_shapes_without_a_place_give_cells_without_one(counts):
    places = counts.obsm["spatial"].copy()
    places[[3, 7]] = np.nan
    names = np.array([f"c{n}" for n in range(counts.n_obs)])
    table = annotated(counts, "spots", names)
    spots = circles(2.0 * places, names, microns=0.5)
    sdata = SpatialData.init_from_elements({"spots": spots, "table": table})
    with pytest.warns(UserWarning, match=r"2 of 240 cells .* or have no place there: their"):
        adata = io.table_of(sdata)
    np.testing.assert_allclose(adata.obsm["spatial"], places)
    nowhere = circles(np.full_like(places, np.nan), names, microns=0.5)
    sdata = SpatialData.init_from_elements({"spots": nowhere, "table": table})
    with pytest.raises(ValueError, match="No cell of table 'table' has a place in element 'spots'"):
        io.table_of(sdata)


def test_names_of_another_kind_are_refused(in_pixels):
    in_pixels["table"].obs["cell"] = np.arange(240)
    with pytest.raises(ValueError, match=r"No cell .*like np.int64\(0\)|No cell .*like 0"):
        io.table_of(in_pixels, coordinate_system="microns")


def test_names_that_occur_twice_are_refused(in_pixels):
    in_pixels["spots"] = in_pixels["spots"].rename(index={"c3": "c4"})
    with pytest.raises(ValueError, match="more than once in the index of element 'spots'"):
        io.table_of(in_pixels, coordinate_system="microns")


def test_an_unknown_table_system_or_object_is_named(in_pixels, counts):
    with pytest.raises(KeyError, match=r"no table 'other' in sdata, but \['table'\]"):
        io.table_of(in_pixels, "other")
    with pytest.raises(KeyError, match=r"to coordinate system 'global', but to \['image', 'mic"):
        io.table_of(in_pixels, coordinate_system="global")
    with pytest.raises(TypeError, match="sdata is a AnnData, not a SpatialData object"):
        io.table_of(counts)
