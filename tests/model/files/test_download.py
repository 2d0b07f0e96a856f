from urllib.error import URLError

import pytest
import torch

from dpvae.model.files.array_file import write_arrays
from dpvae.model.files.download import download_model


@pytest.fixture
def source(tmp_path):
    write_arrays(tmp_path / "source", {}, {})
    return tmp_path / "source"


def test_a_file_is_fetched_once(source, tmp_path):
    path = tmp_path / "new" / "model"
    download_model(source.as_uri(), path, "first_")
    assert [file.name for file in path.iterdir()] == ["first_model.safetensors"]
    assert (path / "first_model.safetensors").read_bytes() == source.read_bytes()
    source.unlink()
    download_model(source.as_uri(), path, "first_")


def test_a_pickle_gets_the_name_of_a_pickle(source, tmp_path):
    torch.save([1], source)
    download_model(source.as_uri(), tmp_path / "model")
    assert [file.name for file in (tmp_path / "model").iterdir()] == ["model.pt"]


def test_what_cannot_be_fetched_leaves_nothing(source, tmp_path):
    source.unlink()
    with pytest.raises(URLError):
        download_model(source.as_uri(), tmp_path / "model")
    assert not list((tmp_path / "model").iterdir())
