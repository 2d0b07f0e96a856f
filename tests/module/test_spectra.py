"""Spectral densities against the covariances of their kernels."""

import numpy as np
import pytest
import torch

from dpvae.geometry.surfaces.cosines import Cosines
from dpvae.module.spectra import DENSITIES

KERNELS = {
    "matern": lambda r: (1 + np.sqrt(3) * r) * np.exp(-np.sqrt(3) * r),
    "gaussian": lambda r: np.exp(-0.5 * r**2),
    "cauchy": lambda r: 1 / (1 + r**2),
}


@pytest.mark.parametrize("kernel", DENSITIES)
@pytest.mark.parametrize(("n_dims", "n_cosines"), [(2, 8_000), (3, 20_000)])
def test_cosines_of_these_variances_have_the_covariance_of_the_kernel(kernel, n_dims, n_cosines):
    length = 0.12
    box = np.array(np.meshgrid(*[[0.0, 1.0]] * n_dims)).reshape(n_dims, -1).T
    cosines = Cosines.around(box, n_cosines)
    squared = torch.as_tensor((cosines.frequencies**2).sum(axis=1))
    variances = DENSITIES[kernel](squared, torch.tensor(length, dtype=torch.float64), n_dims)
    distance = np.array([0.0, 0.5, 1.0, 2.0]) * length
    places = np.full((4, n_dims), 0.5)
    places[:, 0] += distance - 0.1
    values = cosines.at(places)
    found = (values[0] * variances.numpy()) @ values.T
    tolerance = {"matern": 0.05, "gaussian": 0.01, "cauchy": 0.1}[kernel]  # the box has an end
    np.testing.assert_allclose(found, KERNELS[kernel](distance / length), atol=tolerance)


@pytest.mark.parametrize("kernel", DENSITIES)
def test_gradients_in_the_length_are_right(kernel):
    squared = torch.linspace(0.1, 30, 7, dtype=torch.float64)
    length = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: DENSITIES[kernel](squared, x, 2), (length,))
