"""Cells in every kind of file that the command line reads."""

import gzip
import shutil
import warnings

import anndata
import numpy as np
import pytest
from tests.instrument_folders import FOLDERS, write_10x_h5, write_10x_mtx

from dpvae.cli.cells import read_cells

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore:.*zarr v3 autosharding"
)


@pytest.fixture
def store(counts, tmp_path):
    """A store of SpatialData with spots in pixels of half a micrometre."""
    spatialdata = pytest.importorskip("spatialdata")
    from tests.io.conftest import annotated, circles

    names = np.arange(counts.n_obs)
    spots = circles(2.0 * counts.obsm["spatial"], names, image=1, other=0.5)
    sdata = spatialdata.SpatialData.init_from_elements(
        {"spots": spots, "table": annotated(counts, "spots", names)}
    )
    sdata["table"].obsm["spatial"][:] = 0.0
    with warnings.catch_warnings(action="ignore"):
        sdata.write(tmp_path / "store.zarr")
    return tmp_path / "store.zarr"


def same(found, expected):
    assert found.obs_names.tolist() == expected.obs_names.tolist()
    assert found.var_names.tolist() == expected.var_names.tolist()
    np.testing.assert_array_equal(found.X.toarray(), expected.X.toarray())


def test_h5ad_files_are_read(counts, tmp_path):
    counts.write_h5ad(tmp_path / "cells.h5ad")
    same(read_cells(tmp_path / "cells.h5ad"), counts)
    with pytest.raises(FileNotFoundError, match="There is no file"):
        read_cells(tmp_path / "none.h5")


def test_files_of_10x_are_read(counts, tmp_path):
    counts.var_names = [*counts.var_names[:-1], counts.var_names[0]]  # a symbol that occurs twice
    write_10x_h5(tmp_path / "cells.h5", counts)
    write_10x_mtx(tmp_path / "old", counts)
    (tmp_path / "new").mkdir()
    for path in (tmp_path / "old").iterdir():
        text = path.read_text()
        if path.name == "genes.tsv":
            text = text.replace("\n", "\tGene Expression\n")
        name = path.name.replace("genes", "features")
        (tmp_path / "new" / f"{name}.gz").write_bytes(gzip.compress(text.encode()))
    counts.var_names_make_unique()
    for name in ("cells.h5", "old", "new"):
        same(read_cells(tmp_path / name), counts)


@pytest.mark.parametrize("name", ["barcodes.tsv", "genes.tsv"])
def test_a_folder_with_half_of_a_matrix_is_named(name, counts, tmp_path):
    write_10x_mtx(tmp_path / "folder", counts)
    (tmp_path / "folder" / name).unlink()
    with pytest.raises(FileNotFoundError, match=f"has a matrix, but lacks {name}: copy it whole"):
        read_cells(tmp_path / "folder")


@pytest.mark.slow
def test_damaged_files_are_refused(store, tmp_path):
    (tmp_path / "cells.h5").write_bytes(b"no HDF5")
    with pytest.raises(ValueError, match="cannot be read as an h5 file of 10x Genomics; it may"):
        read_cells(tmp_path / "cells.h5")
    shutil.rmtree(store / "tables" / "table" / "X")
    (store / "zarr.json").write_text("{")
    with pytest.raises(ValueError, match="cannot be read as a zarr store; it may be another"):
        read_cells(store)


@pytest.mark.slow
def test_a_store_is_read_in_the_named_system(store, counts):
    image = read_cells(store, coordinate_system="image").obsm["spatial"]
    other = read_cells(store / "tables" / "table", coordinate_system="other")
    same(other, counts)
    np.testing.assert_allclose(other.obsm["spatial"], counts.obsm["spatial"])
    np.testing.assert_allclose(image, 2.0 * counts.obsm["spatial"])


@pytest.mark.slow
def test_places_of_a_query_may_be_unclear(store):
    with pytest.raises(ValueError, match=r"have these coordinate systems: 'spots': \['image', 'o"):
        read_cells(store)
    assert read_cells(store, needs_places=False).n_obs == 240
    for needs_places in (True, False):
        with pytest.raises(KeyError, match="no table 'free' in sdata"):
            read_cells(store / "tables" / "free", needs_places=needs_places)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:zarr v3")
def test_a_zarr_store_of_anndata_is_read(counts, tmp_path):
    with warnings.catch_warnings(action="ignore"):
        counts.write_zarr(tmp_path / "cells.zarr")
    same(read_cells(tmp_path / "cells.zarr"), counts)


def test_a_modality_is_read_by_name(counts, tmp_path):
    mudata = pytest.importorskip("mudata")
    with warnings.catch_warnings(action="ignore"):
        other = anndata.AnnData(np.ones((240, 3), dtype=np.float32), obs=counts.obs[[]])
        mudata.MuData({"rna": counts, "protein": other}).write(tmp_path / "cells.h5mu")
    same(read_cells(tmp_path / "cells.h5mu" / "rna"), counts)
    for path in (tmp_path / "cells.h5mu", tmp_path / "cells.h5mu" / "atac"):
        with pytest.raises(ValueError, match=r"modalities \['rna', 'protein'\]: name one, such as"):
            read_cells(path)
    with pytest.raises(FileNotFoundError, match="There is no file"):
        read_cells(tmp_path / "none.h5mu" / "rna")


def test_folders_of_instruments_are_read_in_micrometers(counts, tmp_path):
    pytest.importorskip("spatialdata_io")
    true = FOLDERS["Visium"](tmp_path / "outs", counts)
    found = read_cells(tmp_path / "outs")
    same(found, true)
    np.testing.assert_allclose(found.obsm["spatial"], true.obsm["spatial"])


@pytest.mark.slow
def test_what_spatialdata_io_read_is_in_micrometers_in_a_store_too(counts, tmp_path):
    readers = pytest.importorskip("spatialdata_io")
    true = FOLDERS["Visium"](tmp_path / "outs", counts)
    with warnings.catch_warnings(action="ignore"):
        readers.visium(tmp_path / "outs", dataset_id="slide").write(tmp_path / "slide.zarr")
    found = read_cells(tmp_path / "slide.zarr")
    np.testing.assert_allclose(found.obsm["spatial"], true.obsm["spatial"])
