import numpy as np
import pytest

from dpvae.geometry.regression import blend as blend_module
from dpvae.geometry.regression.blend import Way, blend


def test_mixture_is_the_constrained_least_squares_fit():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(400, 2))
    ways = [
        Way(truth + e, truth + e)
        for e in (rng.normal(size=(400, 2)) * s for s in (1.0, 0.5, 0.5, 4.0))
    ]
    weights = blend_module._mixture(ways, truth, 6.0)
    precision = np.array([1.0, 4.0, 4.0, 1 / 16])
    np.testing.assert_allclose(weights, precision / precision.sum(), atol=0.06)
    assert weights.sum() == pytest.approx(1.0)


def test_with_few_anchors_the_moved_layout_is_preferred():
    rng = np.random.default_rng(1)
    truth = rng.normal(size=(10, 2))
    same = [truth + 0.5 * rng.normal(size=(10, 2)) for _ in range(2)]
    everywhere = rng.normal(size=(2, 500, 2))
    ways = [Way(p, w) for p, w in zip(everywhere, same, strict=True)]
    few = blend_module._mixture(ways, truth, 6.0)[0]
    many = blend_module._mixture(
        [Way(w.places, np.tile(w.left_out, (100, 1))) for w in ways],
        np.tile(truth, (100, 1)),
        6.0,
    )[0]
    free = np.clip(
        ((same[1] - truth) * (same[1] - same[0])).sum() / ((same[1] - same[0]) ** 2).sum(), 0, 1
    )
    assert many == pytest.approx(free, abs=0.02)
    assert few > many


@pytest.mark.parametrize(
    ("n_anchors", "ways"),
    [
        (9, ["motion"]),
        (10, ["motion", "affine"]),
        (20, ["motion", "affine", "neighbors"]),
        (30, ["motion", "affine", "quadratic", "neighbors"]),
    ],
)
def test_regressions_join_when_anchors_can_judge_them(n_anchors, ways):
    rng = np.random.default_rng(0)
    latent = rng.normal(size=(100, 6))
    places = latent[:n_anchors, :2] + 0.1 * rng.normal(size=(n_anchors, 2))
    _, _, mixture = blend(latent, latent[:, :2], np.arange(n_anchors), places)
    assert sorted(mixture.weights) == sorted(ways)
    assert bool(mixture.errors) == (n_anchors >= 10)


def test_left_out_anchors_do_not_depend_on_order_nor_rotation():
    latent = np.random.default_rng(0).normal(size=(3000, 4))
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(4, 4)))[0]
    chosen = blend_module._representative(latent, np.arange(3000))
    assert len(np.unique(chosen)) == 1000
    order = np.random.default_rng(2).permutation(3000)
    again = order[blend_module._representative((latent @ turn)[order], np.arange(3000))]
    assert len(np.intersect1d(chosen, again)) >= 998


def test_identical_latents_come_to_the_middle_of_the_anchors():
    places = np.random.default_rng(0).normal(size=(40, 2))
    found, expected, _ = blend(np.ones((60, 3)), np.zeros((60, 2)), np.arange(40), places)
    np.testing.assert_array_equal(found[:40], places)
    np.testing.assert_allclose(found[40:], np.tile(places.mean(axis=0), (20, 1)), atol=0.5)
    assert np.isfinite(expected).all()


def trained_on_anchors(n_unseen):
    """Latents that know the places of 400 anchors, and guess those of all other cells."""
    rng = np.random.default_rng(0)
    truth = rng.uniform(0, 10, size=(1000, 2))
    is_unseen = np.arange(1000) >= 400
    latent = np.hstack(
        [truth + is_unseen[:, None] * rng.normal(size=(1000, 2)), np.ones((1000, 1))]
    )
    anchors = np.arange(400 + n_unseen)
    return latent, truth, anchors, is_unseen[anchors]


def test_the_expected_error_is_of_anchors_that_the_latents_were_not_trained_on():
    latent, truth, anchors, is_unseen = trained_on_anchors(100)
    found, expected, mixture = blend(
        latent, latent[:, :2], anchors, truth[anchors], is_unseen=is_unseen
    )
    error = np.linalg.norm(found - truth, axis=1)[500:]
    assert expected[500:].mean() == pytest.approx(error.mean(), rel=0.1)
    assert mixture.errors["blend"] == pytest.approx(np.sqrt((error**2).mean()), rel=0.1)
    trusting = blend(latent, latent[:, :2], anchors, truth[anchors])[1]
    assert trusting[500:].mean() < 0.6 * error.mean()


@pytest.mark.parametrize("n_unseen", [0, 9])
def test_without_such_anchors_no_error_is_expected(n_unseen):
    latent, truth, anchors, is_unseen = trained_on_anchors(n_unseen)
    given = (latent, latent[:, :2], anchors, truth[anchors])
    found, expected, mixture = blend(*given, is_unseen=is_unseen)
    assert expected is None
    assert not mixture.errors
    np.testing.assert_array_equal(found, blend(*given)[0])


def test_of_few_anchors_all_must_be_unseen():
    latent, truth, _, _ = trained_on_anchors(0)
    given = (latent, latent[:, :2], np.arange(396, 404), truth[396:404])
    is_unseen = np.arange(8) >= 4
    assert blend(*given, is_unseen=is_unseen)[1] is None
    assert blend(*given, is_unseen=np.ones(8, dtype=bool))[1] is not None
