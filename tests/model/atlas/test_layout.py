import numpy as np
import pytest

from dpvae.model.atlas import layout as layout_file
from dpvae.model.atlas.encoded_cells import EncodedCells
from dpvae.model.atlas.layout import Layout, layout_cells, place_around, place_freely, the_frame


@pytest.fixture
def layout():
    """Two sections whose cells have latents near 0 and near 100, and unrelated frames."""
    rng = np.random.default_rng(0)
    latent = rng.normal(size=(80, 2)).astype(np.float32)
    latent[40:] += 100
    coordinates = 10.0 * latent.astype(float)
    coordinates[40:] = coordinates[40:, ::-1] + 5000
    return Layout(latent, coordinates, np.repeat(["a", "bb"], 40))


def test_frame_is_the_own_section_else_the_most_similar(layout):
    query = layout.latent[[3, 50, 60]]
    frames = layout.frames(query, np.array(["bb", "new", "new"]), None)
    assert frames.tolist() == ["bb", "bb", "bb"]
    assert layout.frames(query[:1], np.array(["new"]), None).tolist() == ["a"]
    assert layout.frames(query, np.array(["bb", "new", "new"]), "a").tolist() == ["a"] * 3


def test_sections_are_sorted_by_their_distance_from_the_median_cell(layout):
    distances = layout.distances(layout.latent[[50, 60, 3]] + np.float32([0.003, 0.004]))
    assert list(distances) == ["bb", "a"]
    assert distances["bb"] == pytest.approx(0.005, rel=0.01)
    assert distances["a"] > 100
    assert layout.has("bb")
    assert not layout.has("b")


def test_unknown_section_is_refused(layout):
    with pytest.raises(ValueError, match=r"no section 'c': it has \['a', 'bb'\]"):
        layout.frames(layout.latent[:1], np.array(["a"]), "c")


def test_the_frame_of_cells_of_several_sections_has_to_be_named(layout):
    def frame(rows, names, section=None):
        return the_frame(layout, EncodedCells(layout.latent[rows], np.array(names), None), section)

    assert frame([3, 4], ["bb", "bb"]) == "bb"
    assert frame([50, 3], ["a", "bb"], "bb") == "bb"
    assert frame([50, 60, 70], ["new", "new", "new"]) == "bb"
    assert frame([], np.array([], dtype=str)) == "a"
    with pytest.raises(
        ValueError, match=r"of the sections \['a', 'bb'\].*one at a time.*section=…"
    ):
        frame([50, 3], ["a", "bb"])
    with pytest.raises(ValueError, match=r"no section 'c': it has \['a', 'bb'\]"):
        frame([3], ["a"], "c")


def test_measured_cells_stay_in_a_layout_of_many_guesses(monkeypatch):
    monkeypatch.setattr(layout_file, "MOST_CELLS", 30)
    places, errors = np.random.default_rng(0).uniform(size=(100, 2)), np.ones(100)
    errors[10:30] = 0.0
    kept = layout_cells(places, np.full(100, ""), errors)
    assert len(kept) == 30
    assert np.isin(np.arange(10, 30), kept).all()
    errors[:] = 0.0
    np.testing.assert_array_equal(
        layout_cells(places, np.full(100, ""), errors), layout_cells(places, np.full(100, ""))
    )


def test_sections_are_placed_by_themselves(layout):
    both = place_freely(layout.latent, layout.section, 2, 0.1)
    alone = place_freely(layout.latent[40:], layout.section[40:], 2, 0.1)
    np.testing.assert_array_equal(both[40:], alone)

    anchors = np.arange(80) % 2 == 0
    around = place_around(layout.latent, layout.section, layout.coordinates, anchors, 0.1)
    np.testing.assert_array_equal(around[anchors], layout.coordinates[anchors])
    np.testing.assert_allclose(around, layout.coordinates, atol=0.5)


def test_large_sections_keep_some_cells_and_small_ones_all(monkeypatch):
    monkeypatch.setattr(layout_file, "MOST_CELLS", 30)
    coordinates = np.random.default_rng(0).normal(size=(100, 2))
    coordinates[[2, 95]] = np.nan
    section = np.repeat(["large", "small"], [80, 20])
    kept = layout_cells(coordinates, section)
    assert (section[kept] == "large").sum() == 30
    np.testing.assert_array_equal(kept[30:], np.setdiff1d(np.arange(80, 100), [95]))
    assert len(np.unique(kept)) == 49
    assert kept[:30].max() > 60
    assert 2 not in kept
    np.testing.assert_array_equal(kept, layout_cells(coordinates, section))
