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
    chosen = blend_module._representative(latent)
    assert len(np.unique(chosen)) == 1000
    order = np.random.default_rng(2).permutation(3000)
    again = order[blend_module._representative((latent @ turn)[order])]
    assert len(np.intersect1d(chosen, again)) >= 998


def test_identical_latents_come_to_the_middle_of_the_anchors():
    places = np.random.default_rng(0).normal(size=(40, 2))
    found, expected, _ = blend(np.ones((60, 3)), np.zeros((60, 2)), np.arange(40), places)
    np.testing.assert_array_equal(found[:40], places)
    np.testing.assert_allclose(found[40:], np.tile(places.mean(axis=0), (20, 1)), atol=0.5)
    assert np.isfinite(expected).all()
