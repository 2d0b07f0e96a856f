"""Recovered places in a SpatialData object."""

import warnings

import numpy as np
import pytest
import shapely
import spatialdata
from scipy.sparse import csr_matrix
from spatialdata.transformations import get_transformation

from dpvae import io
from dpvae.geometry import Posterior


@pytest.fixture
def placed(in_pixels):
    """The object, its section in micrometres, and 30 cells of which one has no place."""
    reference = io.table_of(in_pixels)
    query = reference[:30].copy()
    query.obs_names = [f"q{n}" for n in range(30)]
    query.obsm["spatial_dpvae"] = query.obsm["spatial"] + 7.0
    query.obsm["spatial_dpvae"][4] = np.nan
    return in_pixels, reference, query


@pytest.fixture
def posterior(placed):
    positions = placed[1].obsm["spatial"]
    distance = np.linalg.norm(positions[:30, None] - positions, axis=2)
    values = np.exp(-((distance / 500.0) ** 2))
    values /= values.sum(axis=1, keepdims=True)
    return Posterior(positions, csr_matrix(values), np.arange(240), np.ones(30))


def test_places_are_read_back_as_they_were_written(placed):
    sdata, reference, query = placed
    io.write_places(sdata, query, reference)
    found = io.table_of(sdata, "dpvae_places_table")
    known = np.arange(30) != 4
    assert found.obs_names.tolist() == query.obs_names[known].tolist()
    np.testing.assert_allclose(found.obsm["spatial"], query.obsm["spatial_dpvae"][known])
    np.testing.assert_array_equal(found.X.toarray(), query[known].X.toarray())
    assert found.uns["spatial_params"]["unit"] == "micrometer"


def test_they_are_in_the_system_of_the_reference(placed):
    sdata, _, query = placed
    reference = io.table_of(sdata, coordinate_system="image")
    io.write_places(sdata, query, reference)
    assert list(get_transformation(sdata["dpvae_places"], get_all=True)) == ["image"]


def test_circles_are_as_wide_as_neighbours_are_apart(placed):
    sdata, reference, query = placed
    places = reference.obsm["spatial"]
    distance = np.linalg.norm(places[:, None] - places, axis=2)
    np.fill_diagonal(distance, np.inf)
    reference.obsm["spatial"] = np.vstack([places[:239], places[:1]])  # two cells at one place
    io.write_places(sdata, query, reference)
    expected = np.median(distance[:239, :239].min(axis=1)) / 2
    np.testing.assert_allclose(sdata["dpvae_places"]["radius"], expected)


def test_regions_are_of_the_cells_that_have_a_place(placed, posterior):
    sdata, reference, query = placed
    io.write_places(sdata, query, reference, posterior=posterior, level=0.5)
    regions = sdata["dpvae_places_regions"]
    known = np.arange(30) != 4
    assert regions["cell"].tolist() == query.obs_names[known].tolist()
    assert regions.index.equals(sdata["dpvae_places"].index)
    own = shapely.points(query.obsm["spatial"][known])
    assert shapely.contains(regions.geometry.to_numpy(), own).all()
    np.testing.assert_allclose(regions["share"], posterior.region_size(0.5)[known])


def test_the_cells_and_the_table_of_the_reference_are_not_changed(placed):
    sdata, reference, query = placed
    before = query.copy()
    io.write_places(sdata, query, reference)
    assert list(query.obs) == list(before.obs)
    assert query.uns["spatialdata_attrs"]["region"] == before.uns["spatialdata_attrs"]["region"]
    assert sdata["table"].uns["spatialdata_attrs"]["region_key"] == "region"


def test_nothing_is_written_if_it_cannot_be(placed, posterior, counts):
    sdata, reference, query = placed
    before = sorted(name for _, name, _ in sdata.gen_elements())
    with pytest.raises(KeyError, match="does not name the coordinate system of the places: give"):
        io.write_places(sdata, query, counts)
    other = spatialdata.SpatialData()
    with pytest.raises(KeyError, match="no coordinate system 'microns', in which reference was re"):
        io.write_places(other, query, reference)
    with pytest.raises(KeyError, match=r"There is no adata.obsm\['places'\].*recovered_key=…"):
        io.write_places(sdata, query, reference, recovered_key="places")
    with pytest.raises(ValueError, match="The posterior is of 29 cells, adata has 30"):
        io.write_places(sdata, query, reference, posterior=posterior.of(np.arange(29)))
    with pytest.raises(ValueError, match="level"):
        io.write_places(sdata, query, reference, posterior=posterior, level=2.0)
    with pytest.raises(TypeError, match="sdata is a AnnData, not a SpatialData object"):
        io.write_places(counts, query, reference)
    with pytest.raises(TypeError, match="reference is a SpatialData, not an AnnData: take a tab"):
        io.write_places(sdata, query, sdata)
    query.obsm["spatial_dpvae"][:] = np.nan
    with pytest.raises(ValueError, match="No cell has a place"):
        io.write_places(sdata, query, reference)
    query.obsm["spatial_dpvae"] = np.zeros((30, 3))
    with pytest.raises(ValueError, match="three dimensions, but circles and regions lie in a pl"):
        io.write_places(sdata, query, reference)
    assert sorted(name for _, name, _ in sdata.gen_elements()) == before


def test_what_is_there_is_not_overwritten(placed):
    sdata, reference, query = placed
    io.write_places(sdata, query, reference)
    with pytest.raises(ValueError, match="has an element 'dpvae_places': delete it, or choose an"):
        io.write_places(sdata, query, reference)
    io.write_places(sdata, query, reference, key_added="again")
    assert {"again", "again_table"} <= {name for _, name, _ in sdata.gen_elements()}


@pytest.mark.slow
def test_a_store_keeps_them(placed, posterior, tmp_path):
    sdata, reference, query = placed
    io.write_places(sdata, query, reference, posterior=posterior)
    sdata = sdata.subset(["dpvae_places", "dpvae_places_regions", "dpvae_places_table"])
    with warnings.catch_warnings(action="ignore"):
        sdata.write(tmp_path / "store.zarr")
        again = spatialdata.read_zarr(tmp_path / "store.zarr")
    found = io.table_of(again, "dpvae_places_table").obsm["spatial"]
    np.testing.assert_allclose(found, query.obsm["spatial_dpvae"][np.arange(30) != 4])
    assert len(again["dpvae_places_regions"]) == 29
