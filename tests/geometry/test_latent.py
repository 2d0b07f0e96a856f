import numpy as np
import pytest

from dpvae.geometry import check_distance_scale, check_latent


@pytest.mark.parametrize(
    ("latent", "message"),
    [
        (np.zeros(5), r"X_dpvae has shape \(5,\)"),
        (np.zeros((5, 0)), r"shape \(5, 0\)"),
        ([[0.0, 1.0], [np.nan, 1.0], [np.inf, np.nan]], "in 2 of 3 cells"),
        (np.zeros((4, 2)), "X_dpvae has 4 rows; 3 are needed"),
    ],
)
def test_malformed_latents_are_refused(latent, message):
    with pytest.raises(ValueError, match=message):
        check_latent(latent, name="X_dpvae", n_cells=3)


@pytest.mark.parametrize("scale", [0.0, -2.0, np.nan, np.inf])
def test_distance_scale_must_be_positive(scale):
    with pytest.raises(ValueError, match=f"distance_scale is {scale}"):
        check_distance_scale(scale)
