import logging

import pytest
import torch
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO
from scvi.train import SaveCheckpoint
from tests.conftest import QUICK, QUIET

from dpvae.model import DPVAE
from dpvae.model.training.state_file import WholeFileIO, check_state_path


def test_a_file_is_whole_and_nothing_is_left_next_to_it(tmp_path):
    path = tmp_path / "state.ckpt"
    for number in (1, 2):
        WholeFileIO().save_checkpoint({"number": number}, path)
        assert torch.load(path) == {"number": number}
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_of_the_disk_is_logged_and_goes_no_further(tmp_path, monkeypatch, caplog):
    def full(_, __, target, ___):
        target.write_bytes(b"half")
        message = "No space left on device"
        raise OSError(message)

    path = tmp_path / "state.ckpt"
    path.write_bytes(b"before")
    monkeypatch.setattr(TorchCheckpointIO, "save_checkpoint", full)
    with caplog.at_level(logging.WARNING):
        WholeFileIO().save_checkpoint({}, path)
    assert f"could not be kept in {path}: No space left on device" in caplog.text
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_folders_are_made(tmp_path):
    assert check_state_path(str(tmp_path / "a" / "b" / "state")) == tmp_path / "a" / "b" / "state"
    assert (tmp_path / "a" / "b").is_dir()


def test_paths_that_cannot_be_written_are_refused(tmp_path):
    with pytest.raises(ValueError, match="checkpoint is empty: name a file"):
        check_state_path("")
    with pytest.raises(ValueError, match=f"checkpoint is the folder {tmp_path}: name a file"):
        check_state_path(tmp_path)
    (tmp_path / "file").write_text("a file")
    with pytest.raises(OSError, match=r"file/state'?: its folder cannot be made \(.*\)\. Name"):
        check_state_path(tmp_path / "file" / "state")


def test_a_path_is_looked_at_before_training_begins(expression, tmp_path):
    DPVAE.setup_anndata(expression)
    model = DPVAE(expression, **QUICK)
    with pytest.raises(ValueError, match="checkpoint is the folder"):
        model.train(max_epochs=1, checkpoint=tmp_path, **QUIET)
    assert not model.is_trained_


@pytest.mark.trains
def test_states_do_not_save_models_as_scvi_tools_does(expression, tmp_path):
    found = []
    for name, state in (("without", {}), ("with", {"checkpoint": tmp_path / "state"})):
        DPVAE.setup_anndata(expression)
        saver = SaveCheckpoint(str(tmp_path / name), monitor="train_loss", save_top_k=-1)
        model = DPVAE(expression, **QUICK)
        model.train(max_epochs=3, checkpoint_every=1, callbacks=[saver], **state, **QUIET)
        found.append(len(list((tmp_path / name).iterdir())))
    assert found[0] == found[1] > 0
    assert (tmp_path / "state").exists()
