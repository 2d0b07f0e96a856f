"""Which instrument wrote a folder."""

import shutil

import pytest
from tests.instrument_folders import FOLDERS

from dpvae.io.instruments import INSTRUMENTS, instrument_of


@pytest.mark.parametrize("instrument", FOLDERS)
def test_each_instrument_is_recognised_by_its_files(instrument, counts, tmp_path):
    FOLDERS[instrument](tmp_path / "outs", counts)
    assert instrument_of(tmp_path / "outs").name == instrument


@pytest.mark.parametrize("instrument", INSTRUMENTS, ids=lambda each: each.name)
def test_what_a_half_copied_folder_lacks_is_named(instrument, counts, tmp_path):
    folder = tmp_path / "outs"
    FOLDERS[instrument.name](folder, counts)
    lost = [path for name in instrument.files[-1] for path in folder.glob(name)]
    for path in lost:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(
        FileNotFoundError, match=f"like a folder of {instrument.name}, but"
    ) as raised:
        instrument_of(folder)
    assert instrument.files[-1][0] in str(raised.value)
    assert instrument.files[0][0] not in str(raised.value)


def test_a_name_may_precede_the_files_of_visium(counts, tmp_path):
    FOLDERS["Visium"](tmp_path, counts)
    (tmp_path / "filtered_feature_bc_matrix.h5").rename(
        tmp_path / "brain_filtered_feature_bc_matrix.h5"
    )
    (tmp_path / "spatial" / "tissue_positions.csv").rename(
        tmp_path / "spatial" / "tissue_positions_list.csv"
    )
    assert instrument_of(tmp_path).name == "Visium"


def test_a_folder_of_another_instrument_is_named(tmp_path):
    (tmp_path / "run" / "02.count").mkdir(parents=True)
    with pytest.raises(ValueError, match=r"is of Stereo-seq, .* spatialdata_io.stereoseq, write"):
        instrument_of(tmp_path / "run")
    (tmp_path / "other").mkdir()
    with pytest.raises(ValueError, match=r"no folder of an instrument .*: Visium, Visium HD, Xen"):
        instrument_of(tmp_path / "other")
    (tmp_path / "sample" / "outs").mkdir(parents=True)
    with pytest.raises(ValueError, match=r"holds a folder outs: give that"):
        instrument_of(tmp_path / "sample")


def test_what_is_no_folder_is_named(tmp_path):
    with pytest.raises(NotADirectoryError, match=r"There is no folder .*none"):
        instrument_of(tmp_path / "none")
    (tmp_path / "cells.h5ad").touch()
    with pytest.raises(NotADirectoryError, match=r"cells.h5ad is a file"):
        instrument_of(tmp_path / "cells.h5ad")


@pytest.mark.parametrize(
    ("instrument", "file"),
    [
        ("Visium", "second_filtered_feature_bc_matrix.h5"),
        ("Visium", "._filtered_feature_bc_matrix.h5"),
        ("Visium HD", "second_feature_slice.h5"),
        ("CosMx", "second_fov_positions_file.csv"),
    ],
)
def test_files_of_two_sections_in_one_folder_are_refused(instrument, file, counts, tmp_path):
    FOLDERS[instrument](tmp_path / "outs", counts)
    (tmp_path / "outs" / file).touch()
    with pytest.raises(ValueError, match=rf"{file}.*has one: put each section into a folder of"):
        instrument_of(tmp_path / "outs")


def test_bins_of_all_widths_are_a_part_of_a_folder(counts, tmp_path):
    FOLDERS["Visium HD"](tmp_path / "outs", counts)
    with pytest.raises(ValueError, match="a part of a folder of Visium HD: give the one that it"):
        instrument_of(tmp_path / "outs" / "binned_outputs")
