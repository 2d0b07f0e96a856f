import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.special import j0

from dpvae.geometry.surfaces.matern import matern_density


@pytest.mark.parametrize("distance", [0.0, 0.2, 0.7])
def test_the_kernel_is_the_transform_of_its_density(distance):
    length = 0.4
    found, _ = quad(
        lambda w: w * matern_density(w**2, length, 2) * j0(w * distance) / (2 * np.pi),
        0,
        400,
        limit=400,
    )
    scaled = np.sqrt(3) * distance / length
    assert found == pytest.approx((1 + scaled) * np.exp(-scaled), abs=1e-3)


def test_arrays_and_tensors_have_the_same():
    squared = np.linspace(0, 50, 9)
    found = matern_density(torch.as_tensor(squared), torch.tensor(0.3, dtype=torch.float64), 3)
    np.testing.assert_allclose(matern_density(squared, 0.3, 3), found.numpy(), rtol=1e-13)
