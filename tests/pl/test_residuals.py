from pathlib import Path

import anndata as ad
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.quiver import Quiver

from dpvae import pl


def arrows(ax: Axes) -> Quiver:
    (found,) = (artist for artist in ax.collections if isinstance(artist, Quiver))
    return found


def test_arrows_go_from_true_to_recovered(tissue: ad.AnnData):
    drawn = arrows(pl.residuals(tissue))
    start = drawn.XY
    end = start + np.column_stack([drawn.U, drawn.V])
    order = np.lexsort(start.T)
    expected = np.lexsort(tissue.obsm["spatial"].T)
    np.testing.assert_allclose(start[order], tissue.obsm["spatial"][expected])
    np.testing.assert_allclose(end[order], tissue.obsm["spatial_dpvae"][expected])


def test_color_is_the_length_in_the_unit_of_the_data(tissue: ad.AnnData):
    ax = pl.residuals(tissue, unit="µm")
    drawn = arrows(ax)
    np.testing.assert_allclose(drawn.get_array(), np.hypot(drawn.U, drawn.V))
    assert np.all(np.diff(drawn.get_array()) >= 0)
    assert drawn.scale == 1
    assert drawn.angles == drawn.scale_units == "xy"
    assert ax.figure.axes[1].get_ylabel() == "distance to the true place (µm)"
    assert ax.get_title() == f"median error {np.median(np.hypot(drawn.U, drawn.V)):.3g} µm"


def test_the_shortest_arrow_is_seen_on_white(tissue: ad.AnnData):
    drawn = arrows(pl.residuals(tissue))
    palest = drawn.get_cmap()(0.0)[:3]
    assert np.dot(palest, [0.2126, 0.7152, 0.0722]) < 0.7
    darkest = drawn.get_cmap()(1.0)[:3]
    assert sum(darkest) < sum(palest)


def test_arrows_end_inside_the_axes(tissue: ad.AnnData):
    ax = pl.residuals(tissue)
    drawn = arrows(ax)
    end = drawn.XY + np.column_stack([drawn.U, drawn.V])
    low, high = np.sort([ax.get_xlim(), ax.get_ylim()], axis=1).T
    assert np.all((end >= low) & (end <= high))
    assert ax.get_aspect() == 1
    assert ax.yaxis_inverted()


def test_subset_depends_on_the_seed_only(tissue: ad.AnnData):
    first, same, other = (
        arrows(pl.residuals(tissue, max_arrows=40, seed=seed)).XY for seed in (1, 1, 2)
    )
    assert len(first) == 40
    np.testing.assert_array_equal(first, same)
    assert not np.array_equal(first, other)


def test_median_is_over_all_cells(tissue: ad.AnnData):
    assert pl.residuals(tissue, max_arrows=5).get_title() == pl.residuals(tissue).get_title()


def test_cells_without_a_place_have_no_arrow(tissue: ad.AnnData):
    tissue.obsm["spatial"][:30] = np.nan
    tissue.obsm["spatial_dpvae"][110:] = np.nan
    assert arrows(pl.residuals(tissue)).N == 80


def test_length_in_space_is_not_the_projected_one(tissue_3d: ad.AnnData):
    drawn = arrows(pl.residuals(tissue_3d))
    lengths = np.linalg.norm(tissue_3d.obsm["spatial_dpvae"] - tissue_3d.obsm["spatial"], axis=1)
    np.testing.assert_allclose(drawn.get_array(), np.sort(lengths))
    assert np.all(np.hypot(drawn.U, drawn.V) <= drawn.get_array() + 1e-9)


def test_alignment_leaves_no_residual_of_a_similarity(tissue: ad.AnnData):
    tissue.obsm["spatial_dpvae"] = 0.01 * tissue.obsm["spatial"][:, ::-1] + 3
    np.testing.assert_allclose(arrows(pl.residuals(tissue, align=True)).get_array(), 0, atol=1e-6)


def test_perfect_recovery_can_be_drawn_and_saved(tissue: ad.AnnData, tmp_path: Path):
    ax = plt.figure().subplots()
    assert pl.residuals(tissue, recovered_key="spatial", ax=ax, save=tmp_path / "a.png") is ax
    assert (tmp_path / "a.png").exists()


def test_input_is_left_alone(tissue: ad.AnnData):
    before = {key: value.copy() for key, value in tissue.obsm.items()}
    pl.residuals(tissue, align=True)
    for key, value in before.items():
        np.testing.assert_array_equal(tissue.obsm[key], value)


def test_errors(tissue: ad.AnnData):
    with pytest.raises(ValueError, match="max_arrows is 0"):
        pl.residuals(tissue, max_arrows=0)
    with pytest.raises(KeyError, match="'nothing'"):
        pl.residuals(tissue, spatial_key="nothing")
    tissue.obsm["spatial"][:60] = np.nan
    tissue.obsm["spatial_dpvae"][60:] = np.nan
    with pytest.raises(ValueError, match="known place in both"):
        pl.residuals(tissue)
