import numpy as np
import pytest

from dpvae import pl, tl
from dpvae.geometry import Regions


def with_regions(adata):
    rng = np.random.default_rng(0)
    n_dims = adata.obsm["spatial"].shape[1]
    root = rng.normal(0, 100, size=(adata.n_obs, n_dims, n_dims))
    scores = np.linspace(0.1, 2.0, 20)
    covariance = root @ root.transpose(0, 2, 1)
    tl.regions(adata, Regions(adata.obsm["spatial"], covariance, scores, scores))
    return adata


def test_colors_are_the_radii_at_the_places(tissue):
    del tissue.obsm["spatial_dpvae"]
    with_regions(tissue)
    ax = pl.regions(tissue, unit="µm")
    dots = ax.collections[0]
    np.testing.assert_allclose(dots.get_offsets(), tissue.obsm["spatial_dpvae"])
    np.testing.assert_allclose(dots.get_array(), tissue.obs["spatial_dpvae_radius_90"])
    median = np.median(tissue.obs["spatial_dpvae_radius_90"])
    assert ax.get_title() == f"90 % within {median:.3g} µm (median)"
    assert ax.figure.axes[1].get_ylabel() == "radius of 90 % (µm)"


def test_ellipses_have_the_matrices_of_their_cells(tissue):
    del tissue.obsm["spatial_dpvae"]
    with_regions(tissue)
    outlines = pl.regions(tissue, level=0.5, max_ellipses=7).collections[1]
    offsets = np.asarray(outlines.get_offsets())
    assert len(offsets) == 7
    places = tissue.obsm["spatial_dpvae"]
    for cell, width, height, angle in zip(
        offsets, outlines.get_widths(), outlines.get_heights(), outlines.get_angles(), strict=True
    ):
        row = np.flatnonzero((places == cell).all(axis=1))[0]
        turn = np.radians(angle)
        axes = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        matrix = axes @ np.diag([(width / 2) ** 2, (height / 2) ** 2]) @ axes.T
        np.testing.assert_allclose(matrix, tissue.obsm["spatial_dpvae_ellipse_50"][row])


def test_space_is_seen_in_the_plane_and_ellipsoids_as_their_shadow(tissue_3d):
    del tissue_3d.obsm["spatial_dpvae"]
    with_regions(tissue_3d)
    outlines = pl.regions(tissue_3d, max_ellipses=120).collections[1]
    longest = np.sqrt(np.linalg.eigvalsh(tissue_3d.obsm["spatial_dpvae_ellipse_90"])[:, -1])
    assert outlines.get_widths().max() <= 2 * longest.max()
    assert np.median(outlines.get_widths()) > np.median(longest)


def test_wrong_input_is_refused(tissue):
    with pytest.raises(KeyError, match="run dpvae"):
        pl.regions(tissue)
    del tissue.obsm["spatial_dpvae"]
    with_regions(tissue)
    with pytest.raises(KeyError, match="spatial_dpvae_radius_80"):
        pl.regions(tissue, level=0.8)
