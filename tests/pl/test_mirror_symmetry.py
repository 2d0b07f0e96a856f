import anndata as ad
import numpy as np
import pytest
from tests.conftest import tissue_with_pattern

from dpvae import pl, tl


def analyzed(n_dims):
    genes, places = tissue_with_pattern(
        lambda s: np.c_[np.abs(s[:, 0]), s[:, 1:]], n_dims=n_dims, n_cells=400
    )
    places[:7] = np.nan
    adata = ad.AnnData(genes, obsm={"spatial": places})
    tl.mirror_symmetry(adata)
    return adata


def test_cells_and_line_in_the_plane():
    adata = analyzed(2)
    ax = pl.mirror_symmetry(adata, unit="mm")
    alone, dots = ax.collections
    agreement = adata.obs["dpvae_mirror_symmetry_agreement"].to_numpy()
    assert len(alone.get_offsets()) == np.isnan(agreement[7:]).sum()
    np.testing.assert_allclose(dots.get_array(), agreement[~np.isnan(agreement)])
    np.testing.assert_allclose(dots.get_offsets(), adata.obsm["spatial"][~np.isnan(agreement)])
    row = adata.uns["dpvae_mirror_symmetry"].iloc[0]
    line = ax.lines[0].get_xydata()
    np.testing.assert_allclose(line @ row[["normal_1", "normal_2"]].to_numpy(float), row["offset"])
    assert ax.get_title().startswith("symmetric: agreement ")


@pytest.mark.slow
def test_a_plane_in_space_is_seen_from_its_edge():
    adata = analyzed(3)
    ax = pl.mirror_symmetry(adata)
    line = ax.lines[0].get_xydata()
    assert np.ptp(line[:, 0]) < 1e-9
    row = adata.uns["dpvae_mirror_symmetry"].iloc[0]
    normal = row[["normal_1", "normal_2", "normal_3"]].to_numpy(float)
    side = adata.obsm["spatial"] @ normal - row["offset"]
    drawn = np.concatenate([dots.get_offsets()[:, 0] for dots in ax.collections]) - line[0, 0]
    np.testing.assert_allclose(np.sort(drawn), np.sort(side[7:]))


@pytest.mark.slow
def test_one_of_several_sections():
    adata = ad.concat([analyzed(2), analyzed(2)], label="section", index_unique="-")
    tl.mirror_symmetry(adata, sample_key="section")
    ax = pl.mirror_symmetry(adata, section="1", sample_key="section")
    n_drawn = sum(len(dots.get_offsets()) for dots in ax.collections)
    assert n_drawn == adata.n_obs / 2 - 7
    with pytest.raises(ValueError, match="name one of"):
        pl.mirror_symmetry(adata, sample_key="section")
    with pytest.raises(ValueError, match="name its column"):
        pl.mirror_symmetry(adata, section="1")


def test_wrong_input_is_refused():
    adata = analyzed(2)
    with pytest.raises(KeyError, match=r"no adata\.obsm"):
        pl.mirror_symmetry(adata, spatial_key="nowhere")
    del adata.obs["dpvae_mirror_symmetry_agreement"]
    with pytest.raises(KeyError, match="is missing"):
        pl.mirror_symmetry(adata)
    del adata.uns["dpvae_mirror_symmetry"]
    with pytest.raises(KeyError, match="no mirror lines"):
        pl.mirror_symmetry(adata)
