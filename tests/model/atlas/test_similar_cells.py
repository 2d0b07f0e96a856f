import numpy as np
import pytest

from dpvae.model.atlas.similar_cells import SimilarCells, share_of_similar


@pytest.fixture
def section():
    rng = np.random.default_rng(0)
    components = rng.normal(size=(60, 5)).astype(np.float32)
    return SimilarCells(components, rng.normal(size=(60, 2)), 0.4)


def test_places_are_drawn_to_the_mean_of_the_fifteen_most_similar_cells(section):
    rng = np.random.default_rng(1)
    new, places = rng.normal(size=(7, 5)), rng.normal(size=(7, 2))
    found = section.join(places, new)
    for cell, place, joined in zip(new, places, found, strict=True):
        distance = np.linalg.norm(section.components - cell, axis=1)
        mean = section.places[np.argsort(distance)[:15]].mean(axis=0)
        np.testing.assert_allclose(joined, 0.6 * place + 0.4 * mean, rtol=1e-5)


def test_a_cell_of_the_reference_is_not_similar_to_itself(section):
    found = section.join(section.places, section.components.astype(float))
    for cell in range(60):
        others = np.delete(np.arange(60), cell)
        distance = np.linalg.norm(section.components[others] - section.components[cell], axis=1)
        mean = section.places[others[np.argsort(distance)[:15]]].mean(axis=0)
        expected = 0.6 * section.places[cell] + 0.4 * mean
        np.testing.assert_allclose(found[cell], expected, rtol=1e-5)


def test_all_others_are_similar_if_they_are_fewer(section):
    few = SimilarCells(section.components[:4], section.places[:4], 0.5)
    found = few.join(np.zeros((4, 2)), section.components[:4].astype(float))
    others = [np.delete(section.places[:4], cell, axis=0).mean(axis=0) for cell in range(4)]
    np.testing.assert_allclose(found, 0.5 * np.array(others))


def test_other_cells_of_the_query_do_not_matter(section):
    rng = np.random.default_rng(1)
    new, places = rng.normal(size=(7, 5)), rng.normal(size=(7, 2))
    found = section.join(places, new)
    np.testing.assert_allclose(section.join(places[[3]], new[[3]]), found[[3]])


@pytest.mark.parametrize(
    ("n_known", "n_unknown", "share"),
    [(0, 100, 0.5), (100, 10**9, 0.25), (100, 100, 0.125), (50, 0, 0.0), (700, 10**9, 0.0)],
)
def test_similar_cells_count_where_few_places_are_known(n_known, n_unknown, share):
    assert share_of_similar(n_known, n_unknown) == pytest.approx(share, abs=1e-6)
