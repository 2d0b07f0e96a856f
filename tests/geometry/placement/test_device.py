import numpy as np
import pytest

from dpvae.geometry import place_free
from dpvae.geometry.placement.device import DeviceComparison
from dpvae.geometry.placement.target_distances import CompiledComparison


@pytest.mark.parametrize("n_dims", [2, 3])
def test_a_device_of_torch_computes_the_same(n_dims, monkeypatch):
    rng = np.random.default_rng(0)
    targets, layout = rng.normal(size=(6, 90)), rng.normal(size=(n_dims, 90))
    layout[:, 4] = layout[:, 7]
    monkeypatch.setattr("dpvae.geometry.placement.device.LARGEST_BLOCK", 1000)
    here, there = CompiledComparison(targets), DeviceComparison(targets, "cpu")
    expected, residual = here.all_pairs(layout)
    found, same_residual = there.all_pairs(layout)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert same_residual == pytest.approx(residual, rel=1e-12)
    cells = np.arange(0, 90, 3)
    np.testing.assert_allclose(there.window(layout, cells), here.window(layout, cells), atol=1e-4)
    assert there.sampled(layout, seed=1) == pytest.approx(here.sampled(layout, seed=1), rel=1e-4)


def test_placement_on_a_device_is_that_of_the_processor():
    latent = np.random.default_rng(0).normal(size=(200, 5)) * [3.0, 2.0, 0.5, 0.5, 0.5]
    expected = place_free(latent)
    found = place_free(latent, device="cpu")
    np.testing.assert_allclose(found.coordinates, expected.coordinates, atol=1e-6)
    assert (found.n_iterations, found.solver) == (expected.n_iterations, expected.solver)


@pytest.mark.parametrize("option", [{"error": "absolute"}, {"pair_mask": 1}])
def test_devices_compute_squared_errors_of_all_pairs_only(option):
    with pytest.raises(ValueError, match="device='cpu' computes squared errors of all pairs"):
        place_free(np.eye(5), device="cpu", **option)
