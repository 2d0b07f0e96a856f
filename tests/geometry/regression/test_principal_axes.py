import numpy as np
import pytest

from dpvae.geometry.regression.principal_axes import principal_axes


@pytest.mark.parametrize("most", [None, 3])
def test_axes_are_those_of_the_covariance(most):
    rng = np.random.default_rng(0)
    values = (
        rng.normal(size=(200, 6))
        * [9.0, 5.0, 3.0, 1.0, 0.5, 0.1]
        @ np.linalg.qr(rng.normal(size=(6, 6)))[0]
    )
    axes, variances = principal_axes(values, most)
    expected, directions = np.linalg.eigh(np.cov(values.T))
    n_axes = most or 6
    np.testing.assert_allclose(variances, expected[::-1][:n_axes], rtol=1e-6)
    cosine = np.abs((axes * directions[:, ::-1][:, :n_axes]).sum(axis=0))
    np.testing.assert_allclose(cosine, 1.0, rtol=1e-6)


def test_there_are_fewer_axes_than_cells():
    axes, variances = principal_axes(np.random.default_rng(0).normal(size=(4, 9)))
    assert axes.shape == (9, 3)
    assert (variances > 0).all()


@pytest.mark.parametrize("values", [np.ones((5, 3)), np.ones((1, 3))])
def test_where_nothing_varies_there_are_none(values):
    axes, variances = principal_axes(values)
    assert axes.shape == (3, 0)
    assert len(variances) == 0
