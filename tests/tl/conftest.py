import numpy as np
import pytest


@pytest.fixture
def placed(expression):
    """A section whose latent representation is its coordinates, turned and scaled by 0.01."""
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    expression.obsm["X_dpvae"] = 0.01 * expression.obsm["spatial"] @ turn
    return expression
