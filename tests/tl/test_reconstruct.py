import anndata
import numpy as np
import pytest
import scanpy as sc
import squidpy as sq
from scipy.spatial.distance import pdist

import dpvae


def test_distances_are_recovered_in_the_unit_of_the_reference(placed):
    dpvae.tl.reconstruct(placed, distance_scale=0.01)
    np.testing.assert_allclose(
        pdist(placed.obsm["spatial_dpvae"]), pdist(placed.obsm["spatial"]), rtol=1e-6
    )
    sections = placed.uns["spatial_dpvae_params"]["sections"]
    assert sections["stress"].iloc[0] == pytest.approx(0, abs=1e-6)


def test_sections_are_laid_out_by_themselves(placed):
    placed.obs["half"] = np.where(np.arange(240) < 120, "a", "b")
    dpvae.tl.reconstruct(placed, sample_key="half")
    alone = dpvae.tl.reconstruct(placed[:120].copy(), copy=True)
    np.testing.assert_array_equal(placed.obsm["spatial_dpvae"][:120], alone)
    assert placed.uns["spatial_dpvae_params"]["sections"]["section"].tolist() == ["a", "b"]


def test_copy_leaves_the_cells_alone(placed):
    keys = sorted(placed.obsm), sorted(placed.uns)
    coordinates = dpvae.tl.reconstruct(placed, copy=True)
    assert (sorted(placed.obsm), sorted(placed.uns)) == keys
    dpvae.tl.reconstruct(placed)
    np.testing.assert_array_equal(placed.obsm["spatial_dpvae"], coordinates)


def test_result_survives_a_file(placed, tmp_path):
    dpvae.tl.reconstruct(placed, n_dims=3)
    placed.write_h5ad(tmp_path / "cells.h5ad")
    read = anndata.read_h5ad(tmp_path / "cells.h5ad")
    np.testing.assert_array_equal(read.obsm["spatial_dpvae"], placed.obsm["spatial_dpvae"])
    assert read.uns["spatial_dpvae_params"]["use_rep"] == "X_dpvae"


@pytest.mark.filterwarnings("ignore")
def test_result_is_drawn_by_squidpy_and_scanpy(placed):
    dpvae.tl.reconstruct(placed)
    axes = sq.pl.spatial_scatter(
        placed, spatial_key="spatial_dpvae", shape=None, color="domain", return_ax=True
    )
    drawn = np.asarray(axes.collections[0].get_offsets())
    np.testing.assert_allclose(np.sort(drawn[:, 0]), np.sort(placed.obsm["spatial_dpvae"][:, 0]))
    axes = sc.pl.embedding(placed, basis="spatial_dpvae", color="domain", show=False)
    assert len(axes.collections[0].get_offsets()) == placed.n_obs


def test_problems_are_named_and_nothing_is_written(placed):
    with pytest.raises(KeyError, match=r"no adata.obsm\['X_scVI'\].*obsm has \['X_dpvae'"):
        dpvae.tl.reconstruct(placed, use_rep="X_scVI")
    with pytest.raises(ValueError, match=r"kept for measured coordinates|would be overwritten"):
        dpvae.tl.reconstruct(placed, key_added="spatial")
    placed.obsm["X_dpvae"][:3] = np.nan
    with pytest.raises(ValueError, match="3"):
        dpvae.tl.reconstruct(placed)
    assert "spatial_dpvae" not in placed.obsm


def test_only_the_pairs_of_a_mask_count(placed):
    dpvae.tl.pair_mask(placed, n_neighbors=60)
    dpvae.tl.reconstruct(placed, mask_key="dpvae_pair_mask", distance_scale=0.01)
    mask = placed.obsp["dpvae_pair_mask"]
    expected = dpvae.geometry.place_free(
        placed.obsm["X_dpvae"], pair_mask=mask, distance_scale=0.01
    )
    np.testing.assert_array_equal(placed.obsm["spatial_dpvae"], expected.coordinates)
    np.testing.assert_array_equal(placed.obs["spatial_dpvae_residual"], expected.residual)
    assert placed.uns["spatial_dpvae_params"]["sections"]["solver"].tolist() == ["masked-smacof"]


def test_a_missing_mask_is_named(placed):
    with pytest.raises(KeyError, match=r"no adata\.obsp\['G'\].*tl\.pair_mask"):
        dpvae.tl.reconstruct(placed, mask_key="G")
