import pytest

from dpvae.model.files.directory import model_file, saved_cells


def test_file_of_the_model_is_found(tmp_path):
    (tmp_path / "first_model.safetensors").touch()
    assert model_file(tmp_path, "first_") == tmp_path / "first_model.safetensors"
    with pytest.raises(FileNotFoundError, match=r"no file model.safetensors"):
        model_file(str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"it is a file\): give the directory"):
        model_file(tmp_path / "first_model.safetensors")


def test_a_pickle_is_found_only_if_allowed_and_alone(tmp_path):
    (tmp_path / "first_model.pt").touch()
    reads = r"holds only a pickle \(first_model.pt\), .*load\('.*', prefix='first_', allow_pickle="
    with pytest.raises(ValueError, match=reads):
        model_file(tmp_path, "first_")
    assert model_file(tmp_path, "first_", allow_pickle=True) == tmp_path / "first_model.pt"
    (tmp_path / "first_model.safetensors").touch()
    assert model_file(tmp_path, "first_", allow_pickle=True).suffix == ".safetensors"


def test_cells_are_read_if_they_were_saved(tmp_path, counts):
    assert saved_cells(tmp_path) is False
    counts.write_h5ad(tmp_path / "first_adata.h5ad")
    assert saved_cells(tmp_path) is False
    found = saved_cells(str(tmp_path), "first_")
    assert (found.X != counts.X).nnz == 0
