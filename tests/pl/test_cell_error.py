import numpy as np
import pytest

from dpvae import pl


def test_colors_are_the_errors_at_the_true_places(tissue):
    tissue.obsm["spatial_dpvae"][:7] = np.nan
    ax = pl.cell_error(tissue, unit="µm")
    gray, dots = ax.collections
    assert len(gray.get_offsets()) == 7
    error = np.linalg.norm(tissue.obsm["spatial_dpvae"] - tissue.obsm["spatial"], axis=1)[7:]
    np.testing.assert_allclose(dots.get_offsets(), tissue.obsm["spatial"][7:])
    np.testing.assert_allclose(dots.get_array(), error)
    assert ax.get_title() == f"median error {np.median(error):.3g} µm"
    assert ax.figure.axes[1].get_ylabel() == "distance to the true place (µm)"


def test_space_is_projected_but_errors_are_not(tissue_3d):
    ax = pl.cell_error(tissue_3d)
    error = np.linalg.norm(tissue_3d.obsm["spatial_dpvae"] - tissue_3d.obsm["spatial"], axis=1)
    np.testing.assert_allclose(np.sort(ax.collections[1].get_array()), np.sort(error))


def test_alignment_removes_the_frame(tissue):
    tissue.obsm["spatial_dpvae"] = 3 * tissue.obsm["spatial"][:, ::-1] + 7
    assert pl.cell_error(tissue, align=True).collections[1].get_array().max() < 1e-6


def test_wrong_input_is_refused(tissue):
    with pytest.raises(KeyError, match=r"no adata\.obsm"):
        pl.cell_error(tissue, recovered_key="nowhere")
    tissue.obsm["other"] = tissue.obsm["spatial"].copy()
    tissue.obsm["other"][:60] = np.nan
    tissue.obsm["spatial"][60:] = np.nan
    with pytest.raises(ValueError, match="No cell has a known place in both"):
        pl.cell_error(tissue, recovered_key="other")
