import shutil

import pytest
import scvi
import torch
from tests.conftest import QUIET

import dpvae
from dpvae.model import DPSCVI, DPVAE


def test_class_is_found_in_the_directory(trained, trained_counts):
    assert isinstance(dpvae.model.load(trained), DPVAE)
    assert isinstance(dpvae.model.load(trained_counts), DPSCVI)


def test_a_directory_without_a_model_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"holds no saved model \(no file model.pt\)"):
        dpvae.model.load(tmp_path)


@pytest.mark.trains
@pytest.mark.filterwarnings("ignore")
def test_a_model_of_another_package_is_refused(counts, tmp_path):
    scvi.model.SCVI.setup_anndata(counts)
    model = scvi.model.SCVI(counts)
    model.train(max_epochs=1, **QUIET)
    model.save(str(tmp_path / "scvi"))
    with pytest.raises(ValueError, match="holds a SCVI, not a model of dpvae"):
        dpvae.model.load(tmp_path / "scvi")


def damage_by(kind, content):
    """What is left of a file after something went wrong."""
    flipped = bytearray(content)
    flipped[len(content) // 3] ^= 0xFF
    kinds = {"empty": b"", "cut": content[: len(content) // 2], "flipped": flipped}
    return kinds.get(kind, b"this is not a model")


FOREIGN = {
    "list": [1, 2],
    "dict": {"attr_dict": 3},
    "no registry": {"attr_dict": {}},
    "no name": {"attr_dict": {"registry_": {"model_name": None}}},
    "weights": {"layer": torch.zeros(2)},
}


@pytest.mark.trains
@pytest.mark.parametrize("kind", ["empty", "cut", "flipped", "text", *FOREIGN])
def test_a_damaged_or_foreign_file_is_named_by_every_loader(kind, trained, tmp_path, expression):
    path = tmp_path / "model"
    shutil.copytree(trained, path)
    file = path / "model.pt"
    if kind in FOREIGN:
        torch.save(FOREIGN[kind], file)
    else:
        file.write_bytes(damage_by(kind, file.read_bytes()))
    for load in (
        dpvae.model.load,
        DPVAE.load,
        DPSCVI.load,
        lambda path: DPVAE.load(str(path), adata=expression),
        lambda path: DPVAE.load_query_data(expression, path),
    ):
        with pytest.raises(ValueError, match=r"model.pt cannot be read as a saved model; it may"):
            load(path)
