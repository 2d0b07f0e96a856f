import numpy as np
import pytest

from dpvae.tl.middle_first import middle_first


def test_values_are_the_rows_with_mean_zero_and_mean_variance_one():
    latent = np.random.default_rng(0).normal(3.0, [1.0, 5.0], size=(60, 2))
    order, values = middle_first(latent)
    np.testing.assert_allclose(values.mean(axis=0), 0.0, atol=1e-12)
    np.testing.assert_allclose(values.var(axis=0).mean(), 1.0)
    ratio = (latent[order] - latent.mean(axis=0)) / values
    np.testing.assert_allclose(ratio, ratio[0, 0])
    assert (np.diff(np.linalg.norm(values, axis=1)) >= 0).all()


def test_neither_order_nor_place_turn_or_scale_matter():
    rng = np.random.default_rng(1)
    latent = rng.normal(size=(50, 3))
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    shuffle = rng.permutation(50)
    expected_order, expected = middle_first(latent)
    order, values = middle_first(1e-5 * latent[shuffle] @ turn + 7.0)
    np.testing.assert_array_equal(shuffle[order], expected_order)
    np.testing.assert_allclose(values, expected @ turn, atol=1e-8)


@pytest.mark.parametrize("value", [0.0, 1e300, -3.0])
def test_constant_rows_are_refused(value):
    with pytest.raises(ValueError, match="all cells have the same values"):
        middle_first(np.full((5, 2), value))


def test_large_and_tiny_numbers_are_scaled():
    latent = np.random.default_rng(2).normal(size=(20, 2))
    expected = middle_first(latent)[1]
    for unit in (1e307, 1e-300):
        np.testing.assert_allclose(middle_first(latent * unit)[1], expected, atol=1e-9)
