import anndata as ad
import numpy as np
import pytest

from dpvae.pl.coordinates import read_coordinates, read_pair


def test_pair_is_read_as_it_stands(tissue: ad.AnnData):
    true, recovered = read_pair(tissue, "spatial", "spatial_dpvae", align=False)
    np.testing.assert_array_equal(true, tissue.obsm["spatial"])
    np.testing.assert_array_equal(recovered, tissue.obsm["spatial_dpvae"])


def test_alignment_undoes_a_similarity_even_with_unknown_cells(tissue: ad.AnnData):
    tissue.obsm["spatial_dpvae"] = 0.01 * tissue.obsm["spatial"][:, ::-1] - 7
    before = tissue.obsm["spatial"].copy()
    tissue.obsm["spatial"][:20] = np.nan
    true, recovered = read_pair(tissue, "spatial", "spatial_dpvae", align=True)
    assert np.isnan(true[:20]).all()
    np.testing.assert_allclose(recovered, before, atol=1e-6)


def test_missing_key_names_those_that_exist(tissue: ad.AnnData):
    with pytest.raises(KeyError, match=r"no .*'X_umap'.* has \['spatial', 'spatial_dpvae'\]"):
        read_coordinates(tissue, "X_umap")


def test_dimensions_must_agree(tissue: ad.AnnData):
    tissue.obsm["spatial_dpvae"] = np.zeros((120, 3))
    with pytest.raises(ValueError, match=r"has 2 dimensions and .*'spatial_dpvae'.* has 3"):
        read_pair(tissue, "spatial", "spatial_dpvae", align=False)


@pytest.mark.parametrize(
    ("rows", "value", "found"),
    [
        (np.s_[:], np.nan, "no cell with a known place"),
        (np.s_[3, 0], np.nan, "NaN in part"),
        (np.s_[3], np.inf, "infinite"),
    ],
)
def test_coordinates_that_cannot_be_drawn(
    tissue: ad.AnnData, rows: object, value: float, found: str
):
    tissue.obsm["spatial"][rows] = value
    with pytest.raises(ValueError, match=found):
        read_coordinates(tissue, "spatial")


def test_embeddings_are_not_coordinates(tissue: ad.AnnData):
    tissue.obsm["X_dpvae"] = np.zeros((120, 10))
    with pytest.raises(ValueError, match=r"\(120, 10\)"):
        read_coordinates(tissue, "X_dpvae")
