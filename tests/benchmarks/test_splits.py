import numpy as np
import pytest
from benchmarks.accuracy.splits import WITHIN, split


@pytest.fixture
def places():
    return np.random.default_rng(0).uniform(size=(500, 2))


@pytest.mark.parametrize("name", WITHIN)
def test_every_cell_is_either_known_or_hidden(name, places):
    parts = split(name, places, 0)
    assert np.sort(np.r_[parts.known, parts.hidden]).tolist() == list(range(500))
    again, other = split(name, places, 0), split(name, places, 1)
    assert again.hidden.tolist() == parts.hidden.tolist()
    assert other.hidden.tolist() != parts.hidden.tolist()


@pytest.mark.parametrize(
    ("name", "n_known"),
    [("random", 400), ("block", 400), ("known20", 100), ("known5", 25), ("known2", 10)],
)
def test_as_many_places_are_known_as_the_name_says(name, n_known, places):
    assert len(split(name, places, 0).known) == n_known


def test_blocks_are_contiguous_and_random_cells_are_not(places):
    for name, is_contiguous in (("block", True), ("random", False)):
        hidden = split(name, places, 0).hidden
        nearest = [
            np.argsort(np.linalg.norm(places - places[cell], axis=1))[1:4] for cell in hidden
        ]
        assert (np.isin(nearest, hidden).mean() > 0.8) == is_contiguous


def test_unknown_names_are_refused(places):
    with pytest.raises(ValueError, match="There is no split 'tile'"):
        split("tile", places, 0)
