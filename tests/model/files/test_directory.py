import pytest

from dpvae.model.files.directory import check_model_directory


def test_file_of_the_model_is_returned(tmp_path):
    (tmp_path / "first_model.pt").touch()
    assert check_model_directory(tmp_path, "first_") == tmp_path / "first_model.pt"
    with pytest.raises(FileNotFoundError, match=r"no file model.pt"):
        check_model_directory(str(tmp_path))
