"""Folders of instruments, read in micrometres."""

import builtins
from inspect import signature

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from tests.instrument_folders import FOLDERS, write_segmented, write_visium_hd

from dpvae import io

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
GIVEN_A_DTYPE = ("MERSCOPE", "CosMx")
fails_with_newest = pytest.mark.xfail(
    "dtype" not in signature(AnnData).parameters,
    reason="spatialdata-io gives AnnData a dtype, which anndata 0.13 does not take",
    raises=ValueError,
    strict=False,
)


@pytest.fixture
def _with_readers():
    pytest.importorskip("spatialdata_io")


@pytest.mark.slow
@pytest.mark.usefixtures("_with_readers")
@pytest.mark.parametrize(
    "instrument",
    [
        pytest.param(name, marks=fails_with_newest if name in GIVEN_A_DTYPE else ())
        for name in FOLDERS
    ],
)
def test_cells_are_read_with_their_places_in_micrometers(instrument, counts, tmp_path):
    true = FOLDERS[instrument](tmp_path / "run" / "outs", counts)
    adata = io.table_of(io.read_instrument(tmp_path / "run" / "outs"))
    assert adata.uns["spatial_params"] == {
        "coordinate_system": "micrometers",
        "unit": "micrometer",
    }
    assert sorted(adata.obs_names) == sorted(true.obs_names)
    true = true[adata.obs_names]
    np.testing.assert_allclose(adata.obsm["spatial"], true.obsm["spatial"], atol=1e-6)
    found = adata[:, true.var_names].X
    np.testing.assert_array_equal(
        found.toarray() if hasattr(found, "toarray") else found, true.X.toarray()
    )


@pytest.mark.usefixtures("_with_readers")
def test_bins_of_visium_hd_are_chosen_by_their_folder(counts, tmp_path):
    write_visium_hd(tmp_path / "outs", counts)
    binned = tmp_path / "outs" / "binned_outputs"
    assert list(io.read_instrument(tmp_path / "outs").tables) == ["square_008um"]
    sdata = io.read_instrument(binned / "square_016um")
    assert list(sdata.tables) == ["square_016um"]
    expected = np.round(counts.obsm["spatial"] / 16) * 16.0
    np.testing.assert_allclose(io.table_of(sdata).obsm["spatial"], expected, atol=1e-6)
    with pytest.raises(FileNotFoundError, match=r"no square_002um, but .*'square_008um', 'sq"):
        io.read_instrument(binned / "square_002um")


@pytest.mark.usefixtures("_with_readers")
def test_a_part_is_known_from_within_and_through_a_link(counts, tmp_path, monkeypatch):
    write_visium_hd(tmp_path / "outs", counts)
    bins = tmp_path / "outs" / "binned_outputs" / "square_016um"
    (tmp_path / "my bins").symlink_to(bins)
    assert list(io.read_instrument(tmp_path / "my bins").tables) == ["square_016um"]
    monkeypatch.chdir(bins)
    assert list(io.read_instrument(".").tables) == ["square_016um"]


@pytest.mark.usefixtures("_with_readers")
def test_counts_of_another_section_than_the_places_are_noticed(counts, tmp_path):
    FOLDERS["Visium"](tmp_path / "outs", counts)
    file = tmp_path / "outs" / "spatial" / "tissue_positions.csv"
    table = pd.read_csv(file)
    table.loc[:9, "in_tissue"] = 0
    table.to_csv(file, index=False)
    with pytest.warns(UserWarning, match=f"10 of {counts.n_obs} spots with counts lie outside"):
        io.read_instrument(tmp_path / "outs")


@pytest.mark.usefixtures("_with_readers")
def test_spots_that_the_positions_lack_have_no_place(counts, tmp_path):
    true = FOLDERS["Visium"](tmp_path / "outs", counts)
    file = tmp_path / "outs" / "spatial" / "tissue_positions.csv"
    table = pd.read_csv(file)
    table[10:].to_csv(file, index=False)
    with pytest.warns(UserWarning, match=f"10 of {counts.n_obs} cells .* have no place there"):
        adata = io.table_of(io.read_instrument(tmp_path / "outs"))
    expected = true[adata.obs_names].obsm["spatial"].copy()
    expected[adata.obs_names.isin(table["barcode"][:10])] = np.nan
    np.testing.assert_allclose(adata.obsm["spatial"], expected, atol=1e-6)
    table.assign(barcode="other" + table["barcode"]).to_csv(file, index=False)
    with pytest.raises(
        ValueError, match=r"No spot of table .*: counts and positions may be of two"
    ):
        io.read_instrument(tmp_path / "outs")


@pytest.mark.usefixtures("_with_readers")
def test_cells_of_visium_hd_are_another_part(counts, tmp_path, capsys):
    outs = tmp_path / "outs"
    write_visium_hd(outs, counts)
    true = write_segmented(outs, counts[:50].copy())
    assert list(io.read_instrument(outs).tables) == ["square_008um"]
    adata = io.table_of(io.read_instrument(outs / "segmented_outputs"))
    assert adata.obs_names.tolist() == true.obs_names.tolist()
    np.testing.assert_allclose(adata.obsm["spatial"], true.obsm["spatial"])
    assert capsys.readouterr().out == ""
    factors = outs / "segmented_outputs" / "spatial" / "scalefactors_json.json"
    factors.write_text(factors.read_text().replace("microns_per_pixel", "unknown"))
    with pytest.raises(ValueError, match=r"cannot be read; a file .* says: .*microns_per_pixel"):
        io.read_instrument(outs / "segmented_outputs")
    (outs / "segmented_outputs" / "cell_segmentations.geojson").unlink()
    with pytest.raises(FileNotFoundError, match=r"lacks cell_segmentations.geojson: copy it whole"):
        io.read_instrument(outs / "segmented_outputs")


@pytest.mark.usefixtures("_with_readers")
def test_a_damaged_folder_is_refused(counts, tmp_path):
    FOLDERS["Xenium"](tmp_path / "outs", counts)
    (tmp_path / "outs" / "cells.parquet").write_bytes(b"PAR1")
    with pytest.raises(ValueError, match=r"outs is a folder of Xenium, but cannot be read; a file"):
        io.read_instrument(tmp_path / "outs")


@fails_with_newest
@pytest.mark.usefixtures("_with_readers")
def test_without_millimeters_the_pixel_of_cosmx_is_assumed_and_said(counts, tmp_path):
    FOLDERS["CosMx"](tmp_path / "run", counts)
    known = io.table_of(io.read_instrument(tmp_path / "run")).obsm["spatial"]
    fields = tmp_path / "run" / "run_fov_positions_file.csv"
    fields.write_text("fov,x_global_px,y_global_px\n1,0,0\n2,90,0\n")
    with pytest.warns(UserWarning, match="how large a pixel is; 0.12028 µm are assumed"):
        sdata = io.read_instrument(tmp_path / "run")
    np.testing.assert_allclose(io.table_of(sdata).obsm["spatial"], known * 0.12028 / 0.12)


def test_without_spatialdata_io_the_extra_is_named(counts, tmp_path, monkeypatch):
    FOLDERS["Visium"](tmp_path / "outs", counts)
    imported = builtins.__import__

    def fail(name, *args, **kwargs):
        if name == "spatialdata_io":
            raise ModuleNotFoundError(name)
        return imported(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", fail)
    with pytest.raises(ModuleNotFoundError, match=r"Folders of Visium .*'dpvae\[spatialdata\]'"):
        io.read_instrument(tmp_path / "outs")
