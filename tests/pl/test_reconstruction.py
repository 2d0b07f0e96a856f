import logging
from pathlib import Path

import anndata as ad
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes

from dpvae import pl
from dpvae.pl.cell_colors import UNKNOWN


def offsets(ax: Axes) -> np.ndarray:
    return np.asarray(ax.collections[0].get_offsets())


def colors(ax: Axes) -> np.ndarray:
    return np.asarray(ax.collections[0].get_facecolors())


def snapshot(adata: ad.AnnData) -> dict[str, object]:
    return {
        "X": adata.X.toarray(),
        "obs": adata.obs.copy(),
        **{key: value.copy() for key, value in adata.obsm.items()},
        "uns": sorted(adata.uns),
    }


def test_cells_are_drawn_where_they_are(tissue: ad.AnnData):
    true, recovered = pl.reconstruction(tissue)
    np.testing.assert_array_equal(offsets(true), tissue.obsm["spatial"])
    np.testing.assert_array_equal(offsets(recovered), tissue.obsm["spatial_dpvae"])
    np.testing.assert_array_equal(colors(true), colors(recovered))


def test_panels_share_limits_aspect_and_origin(tissue: ad.AnnData):
    true, recovered = pl.reconstruction(tissue, unit="µm")
    assert true.get_xlim() == recovered.get_xlim()
    assert true.get_ylim() == recovered.get_ylim()
    for panel in (true, recovered):
        assert panel.get_aspect() == 1
        assert panel.yaxis_inverted()
        low, high = np.sort([panel.get_xlim(), panel.get_ylim()], axis=1).T
        assert np.all((offsets(panel) > low) & (offsets(panel) < high))
    assert true.get_xlabel() == "x (µm)"
    assert recovered.get_ylabel() == "y (µm)"


def test_unknown_cells_are_absent_from_the_truth_and_gray_in_the_rest(tissue: ad.AnnData):
    tissue.obsm["spatial"][:30] = np.nan
    true, recovered = pl.reconstruction(tissue)
    np.testing.assert_array_equal(offsets(true), tissue.obsm["spatial"][30:])
    assert len(offsets(recovered)) == 120
    np.testing.assert_array_equal(colors(recovered)[:30], [UNKNOWN] * 30)
    np.testing.assert_array_equal(colors(recovered)[30:], colors(true))


def test_title_has_the_median_error_of_the_cells_with_a_true_place(tissue: ad.AnnData):
    tissue.obsm["spatial_dpvae"] = tissue.obsm["spatial"] + [30.0, 40.0]
    tissue.obsm["spatial_dpvae"][:20] += 1000.0
    tissue.obsm["spatial"][:20] = np.nan
    _, recovered = pl.reconstruction(tissue, unit="µm")
    assert recovered.get_title() == "recovered, median error 50 µm\nof 100 known cells"
    tissue.obsm["spatial_dpvae"][20:] = np.nan
    assert pl.reconstruction(tissue)[1].get_title() == "recovered"


def test_free_placement_is_aligned_for_display(tissue: ad.AnnData):
    tissue.obsm["spatial_dpvae"] = 0.01 * tissue.obsm["spatial"][:, ::-1]
    true, recovered = pl.reconstruction(tissue, align=True)
    np.testing.assert_allclose(offsets(recovered), offsets(true), atol=1e-6)


def test_another_frame_without_alignment_is_pointed_out(
    tissue: ad.AnnData, caplog: pytest.LogCaptureFixture
):
    tissue.obsm["spatial_dpvae"] = tissue.obsm["spatial"] - 1e5
    with caplog.at_level(logging.WARNING, "dpvae.pl.reconstruction"):
        pl.reconstruction(tissue)
    assert "align=True" in caplog.text


def test_three_dimensions_are_projected(tissue_3d: ad.AnnData):
    true, recovered = pl.reconstruction(tissue_3d)
    for panel in (true, recovered):
        assert offsets(panel).shape == (120, 2)
        assert panel.get_xlabel() == "principal axis 1"
    spread = np.linalg.svd(tissue_3d.obsm["spatial"] - tissue_3d.obsm["spatial"].mean(0))[1]
    np.testing.assert_allclose(np.linalg.norm(offsets(true), axis=0), spread[:2])


@pytest.mark.parametrize("color", [None, "domain", "gene_01"])
def test_input_is_left_alone(tissue: ad.AnnData, color: str | None):
    before = snapshot(tissue)
    pl.reconstruction(tissue, color=color, align=True)
    after = snapshot(tissue)
    assert before["obs"].equals(after["obs"])
    assert before["uns"] == after["uns"]
    for key in ("X", "spatial", "spatial_dpvae"):
        np.testing.assert_array_equal(before[key], after[key])


def test_view_of_an_anndata_can_be_drawn(tissue: ad.AnnData):
    part = tissue[tissue.obs["domain"] == "domain_2"]
    true, _ = pl.reconstruction(part, color="domain")
    assert len(offsets(true)) == part.n_obs
    assert part.is_view


def test_given_axes_and_file(tissue: ad.AnnData, tmp_path: Path):
    _, axes = plt.subplots(1, 2)
    drawn = pl.reconstruction(tissue, ax=axes, save=tmp_path / "plot.png")
    assert list(drawn) == list(axes)
    assert (tmp_path / "plot.png").stat().st_size > 1000


def test_one_cell_can_be_drawn(tissue: ad.AnnData):
    assert len(offsets(pl.reconstruction(tissue[:1])[0])) == 1


def test_errors(tissue: ad.AnnData):
    with pytest.raises(KeyError, match="neither a column"):
        pl.reconstruction(tissue, color="nothing")
    with pytest.raises(KeyError, match="'nothing'"):
        pl.reconstruction(tissue, recovered_key="nothing")
    with pytest.raises(ValueError, match="2 are drawn"):
        pl.reconstruction(tissue, ax=plt.figure().subplots())


@pytest.mark.parametrize("align", [False, True])
def test_an_error_that_is_mostly_of_the_frame_is_named(tissue: ad.AnnData, align, caplog):
    places = tissue.obsm["spatial"]
    tissue.obsm["spatial_dpvae"] = places[:, ::-1] + 0.6 * np.ptp(places, axis=0)
    pl.reconstruction(tissue, align=align)
    assert ("after a shift and a turn: if true and recovered places are in two" in caplog.text) is (
        not align
    )


def test_an_error_in_one_frame_is_not(tissue: ad.AnnData, caplog):
    noise = np.random.default_rng(0).normal(0, 0.3, (120, 2)) * np.ptp(tissue.obsm["spatial"], 0)
    tissue.obsm["spatial_dpvae"] = tissue.obsm["spatial"] + noise
    pl.reconstruction(tissue)
    assert not caplog.text
