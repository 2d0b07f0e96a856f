import numpy as np
import pytest

from dpvae.geometry.alignment.mean_layout import mean_layout
from dpvae.metrics import procrustes_disparity
from dpvae.model.atlas import new_section
from dpvae.model.atlas.layout import Layout
from dpvae.model.atlas.new_section import place_new_sections, say_frames


@pytest.fixture
def tissue():
    return np.random.default_rng(0).uniform(size=(200, 2))


@pytest.fixture
def layout():
    """Three sections, ever farther from the cells of the test, in frames of their own."""
    latent = np.repeat([[1.0, 0.0], [1.2, 0.0], [3.0, 0.0]], 10, axis=0).astype(np.float32)
    return Layout(latent, np.zeros((30, 2)), np.repeat(["a", "bb", "ccc"], 10))


class Noisy:
    """Places cells where they are, turned and with errors of its own in the frame of a section."""

    def __init__(self, tissue):
        self.tissue = tissue
        self.asked = []

    def __call__(self, rows, frames):
        (frame,) = np.unique(frames)
        self.asked.append(str(frame))
        rng = np.random.default_rng(len(frame))
        angle = rng.uniform(0, 6)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        noise = rng.normal(0, 0.2, self.tissue.shape)
        return ((self.tissue + noise) @ turn)[rows]


def agreed(layout, tissue, names):
    place = Noisy(tissue)
    places = place(np.arange(len(tissue)), np.full(len(tissue), "a"))
    latent = np.zeros((len(tissue), 2), dtype=np.float32)
    place.asked = []
    return places, place_new_sections(places, layout, latent, names, place), place.asked


def test_sections_agree_on_a_new_one_better_than_each_of_them(layout, tissue):
    near, places, asked = agreed(layout, tissue, np.full(200, "new"))
    assert asked == ["bb", "ccc"]
    assert procrustes_disparity(tissue, places) < 0.8 * procrustes_disparity(tissue, near)


def test_near_sections_count_more(layout, tissue):
    near, places, _ = agreed(layout, tissue, np.full(200, "new"))
    far_as_near = Layout(np.ones_like(layout.latent), layout.coordinates, layout.section)
    _, equal, _ = agreed(far_as_near, tissue, np.full(200, "new"))
    assert procrustes_disparity(near, places) < 0.7 * procrustes_disparity(near, equal)


def test_sections_of_the_reference_and_a_few_cells_stay_where_they_are(layout, tissue):
    names = np.repeat(["a", "new", "small"], [100, 85, 15])
    near, places, _ = agreed(layout, tissue, names)
    is_new = names == "new"
    np.testing.assert_array_equal(places[~is_new], near[~is_new])
    assert (places[is_new] != near[is_new]).all()


def test_one_section_and_the_farthest_are_not_asked(layout, tissue, monkeypatch):
    monkeypatch.setattr(new_section, "MOST_SECTIONS", 2)
    assert agreed(layout, tissue, np.full(200, "new"))[2] == ["bb"]
    alone = Layout(layout.latent[:10], layout.coordinates[:10], layout.section[:10])
    near, places, asked = agreed(alone, tissue, np.full(200, "new"))
    assert asked == []
    np.testing.assert_array_equal(places, near)


def test_sections_at_no_distance_count_alike(tissue):
    latent = np.zeros((40, 2), dtype=np.float32)
    same = Layout(latent, np.zeros((40, 2)), np.repeat(["a", "bb"], 20))
    near, places, _ = agreed(same, tissue, np.full(200, "new"))
    other = Noisy(tissue)(np.arange(200), np.full(200, "bb"))
    np.testing.assert_allclose(places, mean_layout([near, other], [1.0, 1.0]))


def test_the_frames_of_new_sections_are_logged(caplog):
    names, frames = np.array(["a", "new", "new", ""]), np.array(["a", "bb", "bb", "a"])
    say_frames(names, frames)
    assert [record.getMessage()[:70] for record in caplog.records] == [
        "Cells are placed in the frame of the reference's section 'a', the most",
        "Section 'new' is placed in the frame of the reference's section 'bb', ",
    ]
