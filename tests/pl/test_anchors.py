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


@pytest.mark.parametrize("mask", [np.ones(120), np.ones(7, dtype=bool)])
def test_wrong_masks_are_refused(tissue, mask):
    with pytest.raises(ValueError, match="is_anchor has type"):
        pl.anchors(tissue, mask, free_key="spatial")
