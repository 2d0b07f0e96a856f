import shutil

import numpy as np
import pytest
import scvi
import torch
from tests.conftest import QUIET
from tests.planted import Planted

import dpvae
from dpvae.model import DPSCVI, DPVAE
from dpvae.model.files import saved_model
from dpvae.model.files.array_file import read_arrays


def test_class_is_found_in_the_directory(trained, trained_counts):
    assert isinstance(dpvae.model.load(trained), DPVAE)
    assert isinstance(dpvae.model.load(trained_counts), DPSCVI)


def test_the_file_is_read_once(trained, monkeypatch):
    files = []

    def counted(path):
        files.append(path.name)
        return read_arrays(path)

    monkeypatch.setattr(saved_model, "read_arrays", counted)
    for read in (dpvae.model.load, DPVAE.load):
        files.clear()
        read(trained)
        assert files == ["model.safetensors"]


def test_cells_that_were_saved_with_a_model_come_along(trained, tmp_path, expression):
    cells = expression[:180].copy()
    DPVAE.load(trained, adata=cells).save(tmp_path / "model", save_anndata=True)
    model = dpvae.model.load(tmp_path / "model")
    np.testing.assert_array_equal(model.adata.X.toarray(), cells.X.toarray())
    assert dpvae.model.load(trained).adata is None


def test_cells_can_be_given_as_messages_advise(trained, expression):
    cells = expression[:180].copy()
    model = dpvae.model.load(trained, adata=cells)
    assert model.adata is cells
    expected = DPVAE.load(trained, adata=cells).get_latent_representation()
    np.testing.assert_array_equal(model.get_latent_representation(), expected)


def test_a_directory_without_a_model_is_refused(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r"no saved model \(it has no file model.safetensors\)"
    ):
        dpvae.model.load(tmp_path)


@pytest.mark.trains
@pytest.mark.filterwarnings("ignore")
def test_a_model_of_another_package_is_refused(counts, tmp_path):
    scvi.model.SCVI.setup_anndata(counts)
    model = scvi.model.SCVI(counts)
    model.train(max_epochs=1, **QUIET)
    model.save(str(tmp_path / "scvi"))
    with pytest.raises(ValueError, match=r"holds only a pickle \(model.pt\)"):
        dpvae.model.load(tmp_path / "scvi")
    with pytest.raises(ValueError, match="holds a SCVI, not a model of dpvae"):
        dpvae.model.load(tmp_path / "scvi", allow_pickle=True)


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
READERS = {
    "load": lambda path, _: dpvae.model.load(path),
    "DPVAE.load": lambda path, _: DPVAE.load(path),
    "DPSCVI.load": lambda path, _: DPSCVI.load(path),
    "DPVAE.load with cells": lambda path, cells: DPVAE.load(str(path), adata=cells),
    "load_query_data": lambda path, cells: DPVAE.load_query_data(cells, path),
    "load_query_data of a str": lambda path, cells: DPSCVI.load_query_data(cells, str(path)),
    "prepare_query_anndata": lambda path, cells: DPVAE.prepare_query_anndata(cells, path),
    "prepare_query_anndata of a str": lambda path, cells: DPSCVI.prepare_query_anndata(
        cells, str(path), return_reference_var_names=True
    ),
    "load_registry": lambda path, _: DPVAE.load_registry(path),
    "view_setup_args": lambda path, _: DPSCVI.view_setup_args(str(path)),
}


@pytest.mark.trains
@pytest.mark.parametrize("kind", ["empty", "cut", "flipped", "text"])
def test_a_damaged_file_is_named_by_every_reader(kind, trained, tmp_path, expression):
    path = tmp_path / "model"
    shutil.copytree(trained, path)
    file = path / "model.safetensors"
    file.write_bytes(damage_by(kind, file.read_bytes()))
    for read in READERS.values():
        with pytest.raises(ValueError, match=r"model.safetensors cannot be read as a saved model;"):
            read(path, expression)


@pytest.mark.parametrize("kind", FOREIGN)
@pytest.mark.parametrize("load", [dpvae.model.load, DPVAE.load, DPSCVI.load])
def test_a_foreign_pickle_is_named_by_every_loader(kind, load, tmp_path):
    torch.save(FOREIGN[kind], tmp_path / "model.pt")
    with pytest.raises(ValueError, match=r"model.pt cannot be read as a saved model; it may"):
        load(tmp_path, allow_pickle=True)


def planted(path, ran):
    """Write a pickle that would run, as complete as one of scvi-tools."""
    stored = {"model_state_dict": {}, "var_names": [], "attr_dict": {"registry_": Planted(ran)}}
    torch.save(stored, path)


@pytest.mark.slow
@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("file", ["model.pt", "model.safetensors"])
def test_a_planted_pickle_runs_nothing(name, file, tmp_path, expression):
    planted(tmp_path / file, tmp_path / "ran")
    reason = "holds only a pickle" if file == "model.pt" else "it is a pickle with another name"
    with pytest.raises(ValueError, match=reason):
        READERS[name](tmp_path, expression)
    assert not (tmp_path / "ran").exists()


@pytest.mark.trains
def test_a_pickle_planted_next_to_a_model_runs_nothing(trained, tmp_path, expression):
    path = tmp_path / "model"
    shutil.copytree(trained, path)
    for name in ("model.pt", "model_params.pt", "attr.pkl", "model.json"):
        planted(path / name, tmp_path / "ran")
    for name, read in READERS.items():
        if "DPSCVI" not in name and "of a str" not in name:
            read(path, expression[:180].copy())
    DPVAE.load(path, adata=False, allow_pickle=True)
    assert not (tmp_path / "ran").exists()


def test_the_planted_pickle_does_run_if_it_is_allowed(tmp_path):
    planted(tmp_path / "model.pt", tmp_path / "ran")
    with pytest.raises(ValueError, match="cannot be read as a saved model"):
        dpvae.model.load(tmp_path, allow_pickle=True)
    assert (tmp_path / "ran").exists()


@pytest.mark.trains
def test_a_pickle_of_the_model_is_loaded_if_it_is_allowed(trained, tmp_path, expression):
    model = dpvae.model.load(trained)
    model.save(tmp_path / "model", as_pickle=True)
    again = dpvae.model.load(tmp_path / "model", allow_pickle=True)
    query = expression[180:].copy()
    expected = model.predict_coordinates(query)
    np.testing.assert_array_equal(again.predict_coordinates(query), expected)
