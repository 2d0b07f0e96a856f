import numpy as np
import pytest

from dpvae import pl


def test_every_panel_has_its_cells_and_its_rings(tissue):
    tissue.obsm["free"] = tissue.obsm["spatial"][:, ::-1] - 50.0
    mask = np.arange(120) % 30 == 0
    axes = pl.anchors(tissue, mask, free_key="free", unit="µm")
    for ax, key in zip(axes, ("spatial", "free", "spatial_dpvae"), strict=True):
        cells, rings = ax.collections
        np.testing.assert_allclose(cells.get_offsets(), tissue.obsm[key])
        np.testing.assert_allclose(rings.get_offsets(), tissue.obsm[key][mask])
    first, second, third = (ax.collections[0].get_facecolors() for ax in axes)
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(first, third)
    assert [ax.get_title() for ax in axes] == ["true", "free layout", "4 anchors"]


def test_panels_have_one_scale_and_hold_their_cells(tissue):
    tissue.obsm["free"] = 0.2 * tissue.obsm["spatial"][:, ::-1] - 50.0
    axes = pl.anchors(tissue, np.arange(120) < 5, free_key="free")
    spans = [np.abs(np.ptp([ax.get_xlim(), ax.get_ylim()], axis=1)) for ax in axes]
    np.testing.assert_allclose(spans[0], spans[1])
    np.testing.assert_allclose(spans[0], spans[2])
    for ax in axes:
        low, high = np.sort([ax.get_xlim(), ax.get_ylim()], axis=1).T
        places = ax.collections[0].get_offsets()
        assert np.all((places > low) & (places < high))
        assert ax.yaxis_inverted()
        assert ax.get_aspect() == 1


def test_rings_of_many_anchors_are_smaller(tissue):
    tissue.obsm["free"] = tissue.obsm["spatial"]
    few, many = (
        pl.anchors(tissue, np.arange(120) < n, free_key="free")[0].collections[1] for n in (5, 80)
    )
    assert many.get_sizes()[0] < few.get_sizes()[0] / 2
    assert many.get_linewidths()[0] < few.get_linewidths()[0]


@pytest.mark.parametrize("mask", [np.ones(120), np.ones(7, dtype=bool)])
def test_wrong_masks_are_refused(tissue, mask):
    with pytest.raises(ValueError, match="is_anchor has type"):
        pl.anchors(tissue, mask, free_key="spatial")
