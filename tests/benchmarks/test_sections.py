import anndata as ad
import numpy as np
import pytest
from benchmarks.accuracy.sections import folder_sections, pairs

N_CELLS, N_GENES = 120, 30


def section():
    rng = np.random.default_rng(0)
    adata = ad.AnnData(rng.poisson(1.0, size=(N_CELLS, N_GENES)).astype("f8"))
    adata.obsm["spatial"] = rng.normal(size=(N_CELLS, 2))
    return adata


@pytest.fixture
def read(tmp_path):
    def read(**files):
        for name, adata in files.items():
            adata.write(tmp_path / f"{name}.h5ad")
        return folder_sections(tmp_path)

    return read


@pytest.mark.filterwarnings("ignore:Variable names are not unique")
def test_genes_of_the_same_name_become_distinct(read):
    adata = section()
    adata.var_names = ["a", "b"] * (N_GENES // 2)
    (found,) = read(repeated=adata)
    assert found.adata.var_names.is_unique
    np.testing.assert_array_equal(found.adata.X.toarray(), adata.X)


def test_cells_without_a_place_and_without_counts_are_left_out(read):
    adata = section()
    adata.X[:3] = 0
    adata.obsm["spatial"][3:7] = np.nan
    (found,) = read(holes=adata)
    assert found.adata.obs_names.tolist() == adata.obs_names[7:].tolist()


def test_an_axis_along_which_no_cell_differs_is_dropped(read):
    adata = section()
    flat = adata.obsm["spatial"]
    adata.obsm["spatial"] = np.c_[flat, np.full(N_CELLS, 3.0)]
    (found,) = read(flat=adata)
    np.testing.assert_array_equal(found.adata.obsm["spatial"], flat)


def test_scaled_expression_is_no_counts(read):
    scaled = section()
    scaled.X -= scaled.X.mean(axis=0)
    one, other = read(counts=section(), scaled=scaled)
    assert one.holds_counts
    assert not other.holds_counts


def test_files_without_places_are_passed_over_and_samples_are_split(read):
    parts = {"x": section(), "y": section()}
    without, several = section(), ad.concat(parts, label="sample", index_unique="-")
    del without.obsm["spatial"]
    found = read(several=several, without=without)
    assert [part.name for part in found] == ["several:x", "several:y"]
    assert pairs(found) == [("several:x", "several:y"), ("several:y", "several:x")]
