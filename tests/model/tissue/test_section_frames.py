"""Where cells of a query are in the frames of a reference's sections."""

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from dpvae.model.data.setup import Setup
from dpvae.model.tissue.section_frames import SectionFrames, coordinates_of

PLACES = np.array([[0.0, 0], [2, 0], [0, 4], [2, 4], [100, 100], [110, 100], [105, 130]])
SLIDES = ["b", "b", "b", "b", "a", "a", "a"]


def cells_of(places, slides=None):
    obs = pd.DataFrame(index=[str(row) for row in range(len(places))])
    if slides is not None:
        obs["slide"] = slides
    return AnnData(np.ones((len(places), 1), np.float32), obs, obsm={"spatial": np.array(places)})


def setup_of(sections, n_dims=2):
    key = "slide" if len(sections) else None
    return Setup(
        model_name="SPAVAE",
        arguments={"spatial_key": "spatial", "sample_key": key, "batch_key": None},
        genes=pd.Index(["gene"]),
        n_cells=7,
        kind="counts",
        sections=np.array(sections),
        code_column="_scvi_section",
        n_dims=n_dims,
        unit=1.0,
        categories={},
    )


@pytest.fixture
def setup():
    return setup_of(["b", "a"])


@pytest.fixture
def frames(setup):
    return SectionFrames.of(cells_of(PLACES, SLIDES), setup)


def test_sections_are_centred_at_the_mean_of_their_cells(frames, setup):
    np.testing.assert_allclose(frames.center, [[1, 2], [105, 110]])
    np.testing.assert_allclose(frames.reach, [[1, 2], [5, 20]])
    placed = frames.places(cells_of(PLACES, SLIDES), setup)
    np.testing.assert_array_equal(placed.code, [0, 0, 0, 0, 1, 1, 1])
    np.testing.assert_allclose(placed.places + frames.center[placed.code], PLACES)
    again = frames.positions(1, PLACES[4:])
    np.testing.assert_allclose(again.places, placed.places[4:])
    np.testing.assert_array_equal(again.code, [1, 1, 1])


def test_a_query_of_known_sections_has_the_frames_of_the_reference(frames, setup):
    query = cells_of([[2.0, 4], [100, 100]], ["b", "a"])
    placed = frames.places(query, setup)
    np.testing.assert_allclose(placed.places, [[1, 2], [-5, -10]])


def test_new_sections_have_frames_and_codes_of_their_own(frames, setup):
    query = cells_of(
        [[7.0, 7], [9, 7], [0, 0], [1, 5], [np.nan, np.nan]], ["z", "z", "b", "c", "z"]
    )
    placed = frames.places(query, setup)
    np.testing.assert_array_equal(placed.code, [3, 3, 0, 2, 3])
    np.testing.assert_allclose(placed.places[:4], [[-1, 0], [1, 0], [-1, -2], [0, 0]])
    assert np.isnan(placed.places[4]).all()


def test_cells_without_names_are_of_a_new_section_unless_there_is_one(frames, setup):
    query = cells_of(PLACES[:4] + 1_000)
    placed = frames.places(query, setup)
    np.testing.assert_array_equal(placed.code, 2)
    np.testing.assert_allclose(placed.places.mean(axis=0), 0)
    single = setup_of([])
    own = SectionFrames.of(cells_of(PLACES[:4]), single)
    np.testing.assert_allclose(own.places(cells_of(PLACES[:1]), single).places, [[-1, -2]])


def test_cells_far_outside_are_taken_as_of_unknown_place(frames, setup):
    near, far = [1 + 1.49, 2.0], [1 + 1.51, 2.0]  # half of the reach beyond the cells
    with pytest.warns(UserWarning, match="1 of 2 cells are far outside of the section"):
        placed = frames.places(cells_of([near, far], ["b", "b"]), setup)
    np.testing.assert_allclose(placed.places[0], [1.49, 0])
    assert np.isnan(placed.places[1]).all()


def test_a_section_without_known_places_takes_its_earlier_frame(frames, setup):
    unknown = np.where(np.array(SLIDES)[:, None] == "b", np.nan, PLACES)
    later = SectionFrames.of(cells_of(unknown, SLIDES), setup, frames)
    np.testing.assert_array_equal(later.center, frames.center)
    np.testing.assert_array_equal(later.reach, frames.reach)
    without = SectionFrames.of(cells_of(unknown, SLIDES), setup)
    assert np.isnan(without.center[0]).all()
    placed = without.places(cells_of(PLACES[:4], ["b"] * 4), setup)  # centred by themselves
    np.testing.assert_allclose(placed.places, PLACES[:4] - [1, 2])


def test_sections_are_chosen_by_name(frames):
    assert frames.code_of("a") == 1
    for name in (None, "nowhere", "0"):
        with pytest.raises(ValueError, match=r"section is .*: choose one of \['b', 'a'\]"):
            frames.code_of(name)
    single = SectionFrames.of(cells_of(PLACES[:4]), setup_of([]))
    assert single.code_of(None) == 0
    with pytest.raises(ValueError, match="one section, without a name: leave section out"):
        single.code_of("a")


def test_cells_without_coordinates_are_of_unknown_place():
    cells = cells_of(PLACES, SLIDES)
    del cells.obsm["spatial"]
    found = coordinates_of(cells, setup_of(["b", "a"], n_dims=3))
    assert found.shape == (7, 3)
    assert np.isnan(found).all()


def test_coordinates_of_other_dimensions_are_refused(setup):
    cells = cells_of(np.zeros((7, 3)), SLIDES)
    with pytest.raises(ValueError, match=r"obsm\['spatial'\] of the query has 3 columns, the ref"):
        coordinates_of(cells, setup)
    with pytest.raises(ValueError, match=r"^adata\.obsm\['spatial'\] has shape \(7, 1\)"):
        coordinates_of(cells_of(np.zeros((7, 1)), SLIDES), setup)


def test_a_query_in_a_larger_unit_is_said_to_be_one():
    places = np.random.default_rng(0).normal(size=(60, 2)) * [900.0, 500.0]
    setup = setup_of([])
    frames = SectionFrames.of(cells_of(places), setup)
    frames.places(cells_of(0.02 * places), setup)  # a small piece
    frames.places(cells_of(0.001 * places[:19]), setup)
    with pytest.warns(UserWarning, match=r"60 cells spread over .*, and their section of the"):
        frames.places(cells_of(0.001 * places), setup)
