import numpy as np
import pytest

from dpvae.geometry import Mirror


@pytest.fixture(params=[2, 3])
def mirror(request):
    normal = np.array([0.6, -0.8]) if request.param == 2 else np.array([2.0, -3.0, 6.0]) / 7.0
    return Mirror(normal, 1.5)


@pytest.fixture
def places(mirror):
    return np.random.default_rng(0).normal(0.0, 4.0, (50, len(mirror.normal)))


def test_images_are_on_the_other_side_equally_far(mirror, places):
    images = mirror.reflect(places)
    np.testing.assert_allclose(mirror.side(images), -mirror.side(places))
    np.testing.assert_allclose(mirror.reflect(images), places)
    tangent = np.linalg.svd(mirror.normal[None])[2][1:]
    np.testing.assert_allclose(images @ tangent.T, places @ tangent.T, atol=1e-12)


def test_a_known_line():
    diagonal = Mirror(np.array([1.0, -1.0]) / np.sqrt(2.0), 0.0)
    np.testing.assert_allclose(diagonal.reflect([[3.0, 1.0]]), [[1.0, 3.0]], atol=1e-12)
    np.testing.assert_allclose(diagonal.fold([[1.0, 3.0]]), [[3.0, 1.0]], atol=1e-12)


def test_folding_keeps_one_half_and_mirrors_the_other(mirror, places):
    folded = mirror.fold(places)
    kept = mirror.side(places) >= 0
    assert 5 < kept.sum() < 45
    np.testing.assert_array_equal(folded[kept], places[kept])
    np.testing.assert_allclose(folded[~kept], mirror.reflect(places)[~kept])
    np.testing.assert_allclose(mirror.fold(folded), folded)


def test_distance_of_folded_places_is_that_to_the_nearer_mode(mirror, places):
    true, other = places[:25], places[25:]
    images = mirror.reflect(true)
    nearer = np.minimum(
        np.linalg.norm(other - true, axis=1), np.linalg.norm(other - images, axis=1)
    )
    folded = np.linalg.norm(mirror.fold(other) - mirror.fold(true), axis=1)
    np.testing.assert_allclose(folded, nearer)


def test_reversed_is_the_same_line_and_the_other_half(mirror, places):
    turned = mirror.reversed()
    np.testing.assert_allclose(turned.reflect(places), mirror.reflect(places))
    np.testing.assert_allclose(turned.fold(places), mirror.reflect(mirror.fold(places)))


def test_unknown_places_stay_unknown(mirror, places):
    places[3] = np.nan
    for moved in (mirror.reflect(places), mirror.fold(places)):
        assert np.flatnonzero(np.isnan(moved).any(axis=1)).tolist() == [3]


def test_wrong_input_is_refused(mirror):
    with pytest.raises(ValueError, match="length 1"):
        Mirror(np.array([1.0, 1.0]), 0.0)
    with pytest.raises(ValueError, match="finite distance"):
        Mirror(np.array([1.0, 0.0]), np.nan)
    with pytest.raises(ValueError, match="coordinates have shape"):
        mirror.reflect(np.zeros((4, 5)))
