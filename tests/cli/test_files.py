"""Files of the command line."""

import os

import h5py
import numpy as np
import pytest

from dpvae.cli.files import (
    check_model_folder,
    check_output_file,
    check_output_folder,
    check_output_h5ad,
    read_h5ad,
    write_h5ad,
)


@pytest.fixture
def file(counts, tmp_path):
    counts.layers["dense"] = counts.X.toarray()
    counts.layers["columns"] = counts.X.tocsc()
    counts.write_h5ad(tmp_path / "cells.h5ad")
    return tmp_path / "cells.h5ad"


def test_a_file_is_read_and_written_whole(file, counts):
    adata = read_h5ad(file)
    np.testing.assert_array_equal(adata.X.toarray(), counts.X.toarray())
    write_h5ad(adata[:10].copy(), file)
    assert read_h5ad(file).n_obs == 10
    assert [path.name for path in file.parent.iterdir()] == ["cells.h5ad"]


@pytest.mark.parametrize(
    ("place", "wrong"),
    [
        ("X/indices", 10**6),
        ("X/indices", -5),
        ("X/indptr", 10**6),
        ("layers/columns/indices", 10**6),
        ("layers/columns/indptr", -1),
    ],
)
def test_a_sparse_matrix_with_wrong_indices_is_refused(file, place, wrong):
    with h5py.File(file, "r+") as stored:
        stored[place][3] = wrong
    with pytest.raises(ValueError, match=r"cells.h5ad cannot be read as an h5ad file; it may be"):
        read_h5ad(file)


@pytest.mark.parametrize("content", [b"", b"not a file of HDF5", "cut", "other"])
def test_a_file_that_is_damaged_or_another_is_refused(file, content):
    if content == "other":
        with h5py.File(file, "w") as stored:
            stored["values"] = np.arange(5)
    else:
        file.write_bytes(file.read_bytes()[:5000] if content == "cut" else content)
    with pytest.raises(ValueError, match="cannot be read as an h5ad file; it may be another"):
        read_h5ad(file)


def test_what_is_no_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no file"):
        read_h5ad(tmp_path / "none.h5ad")
    with pytest.raises(IsADirectoryError, match="is a folder: give an h5ad file"):
        read_h5ad(tmp_path)


def test_too_little_memory_is_not_called_damage(file, monkeypatch):
    def fail(_):
        raise MemoryError

    monkeypatch.setattr("anndata.read_h5ad", fail)
    with pytest.raises(MemoryError):
        read_h5ad(file)


def test_an_output_file_is_checked(file, tmp_path):
    check_output_file(tmp_path / "new.h5ad", overwrite=False, source=file)
    other = tmp_path / "other.h5ad"
    other.touch()
    check_output_file(other, overwrite=True, source=file)
    with pytest.raises(FileExistsError, match="exists: choose another --output, or give --over"):
        check_output_file(other, overwrite=False)
    with pytest.raises(IsADirectoryError, match="is a folder: name a file"):
        check_output_file(tmp_path, overwrite=True)
    with pytest.raises(FileNotFoundError, match=r"no folder .*missing to write new.h5ad into"):
        check_output_file(tmp_path / "missing" / "new.h5ad", overwrite=False)
    with pytest.raises(FileNotFoundError, match="no folder"):
        check_output_file(other / "new.h5ad", overwrite=False)


def test_the_file_that_is_read_is_never_written(file, tmp_path, monkeypatch):
    link = tmp_path / "link.h5ad"
    link.symlink_to(file)
    monkeypatch.chdir(tmp_path)
    for path in (file, link, type(file)("cells.h5ad")):
        with pytest.raises(FileExistsError, match="is the file that is read"):
            check_output_file(path, overwrite=True, source=file)


@pytest.mark.parametrize(
    "name", ["-", "p.zarr", "p.csv", "p.h5ad.gz", "p.h5mu", "model.safetensors", "zarr.json", "p"]
)
def test_an_h5ad_file_gets_no_other_name_even_if_it_may_replace_one(file, tmp_path, name):
    for exists in (False, True):
        if exists:
            (tmp_path / name).write_text("kept")
        with pytest.raises(ValueError, match=r"is no name of one: end it in \.h5ad"):
            check_output_h5ad(tmp_path / name, overwrite=True, sources=[file])
    for right in ("p.h5ad", "P.H5AD", "a.b.h5ad"):
        check_output_h5ad(tmp_path / right, overwrite=False, sources=[file])
    with pytest.raises(FileExistsError, match="is the file that is read"):
        check_output_h5ad(file, overwrite=True, sources=[tmp_path / "none.h5ad", file])


def test_a_pipe_or_device_is_no_output(file, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(ValueError, match="no name of one"):
        check_output_h5ad(pipe, overwrite=True, sources=[file])


@pytest.mark.parametrize("mark", ["zarr.json", ".zgroup"])
def test_no_model_is_written_into_a_store(tmp_path, mark):
    (tmp_path / mark).touch()
    with pytest.raises(FileExistsError, match="is a zarr store, and holds data"):
        check_output_folder(tmp_path, overwrite=True)


def test_an_output_folder_is_checked(file, tmp_path):
    check_output_folder(tmp_path / "new", overwrite=False)
    check_output_folder(tmp_path / "new" / "and" / "deep", overwrite=False)
    check_output_folder(tmp_path, overwrite=True)
    with pytest.raises(FileExistsError, match="exists: choose another --output"):
        check_output_folder(tmp_path, overwrite=False)
    with pytest.raises(FileExistsError, match="is a file: name a folder"):
        check_output_folder(file, overwrite=True)
    with pytest.raises(NotADirectoryError, match=r"cannot be made, since .*cells.h5ad is a file"):
        check_output_folder(file / "model", overwrite=False)
    assert [path.name for path in tmp_path.iterdir()] == ["cells.h5ad"]


def test_folders_that_cannot_be_written_into_are_found(tmp_path, monkeypatch):
    def fail(**_):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("dpvae.cli.files.TemporaryFile", fail)
    for check in (check_output_file, check_output_folder):
        with pytest.raises(PermissionError, match="cannot be written into: choose another"):
            check(tmp_path / "new", overwrite=False)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_rights_count(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError, match="cannot be written into"):
        check_output_file(tmp_path / "new.h5ad", overwrite=False)


def test_a_query_in_place_of_the_model_is_noticed(file, tmp_path):
    model = tmp_path / "model"
    model.mkdir()
    check_model_folder(model, file)
    for name in ("model.pt", "model.safetensors"):
        (model / name).touch()
        check_model_folder(model, file)
        with pytest.raises(NotADirectoryError, match=r"give the model first, dpvae predict .*mod"):
            check_model_folder(file, model)
        with pytest.raises(NotADirectoryError, match=rf"{name} is a file: give the folder"):
            check_model_folder(model / name, file)
        (model / name).unlink()
    with pytest.raises(NotADirectoryError, match=r"There is no folder .*none: give the folder"):
        check_model_folder(tmp_path / "none", file)
