import pytest
import torch
from lightning.pytorch.utilities import rank_zero_only

from dpvae.model import DPVAE


def test_a_disk_that_is_full_leaves_the_model_that_was_saved_before(trained, tmp_path, monkeypatch):
    model = DPVAE.load(trained, adata=False)
    model.save(tmp_path / "model")
    before = (tmp_path / "model" / "model.pt").read_bytes()

    def full(*_, **__):
        message = "No space left on device"
        raise OSError(message)

    monkeypatch.setattr(torch, "save", full)
    named = r"could not be saved to .*model: No space left on device\. See whether the disk is full"
    with pytest.raises(OSError, match=named):
        model.save(tmp_path / "model", overwrite=True)
    assert (tmp_path / "model" / "model.pt").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_model_is_replaced_only_when_asked_and_other_files_stay(trained, tmp_path):
    model = DPVAE.load(trained, adata=False)
    model.save(tmp_path / "model")
    (tmp_path / "model" / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ValueError, match="exists already: choose another name"):
        model.save(tmp_path / "model")
    model.save(tmp_path / "model", overwrite=True, prefix="second_")
    names = {path.name for path in (tmp_path / "model").iterdir()}
    assert names == {"model.pt", "notes.txt", "second_model.pt"}


def test_one_of_several_processes_saves(trained, tmp_path, monkeypatch):
    model = DPVAE.load(trained, adata=False)
    monkeypatch.setattr(rank_zero_only, "rank", 1)
    model.save(tmp_path / "model")
    assert not (tmp_path / "model").exists()
