import signal

import numpy as np
import pytest
from lightning.pytorch import Callback
from tests.conftest import QUICK, QUIET

from dpvae.metrics import procrustes_disparity
from dpvae.model import DPVAE


@pytest.fixture
def _listening():
    """Let the process hear Ctrl-C, which those started in the background do not."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class PressCtrlC(Callback):
    def __init__(self, epoch):
        self.epoch = epoch

    def on_train_batch_start(self, trainer, *_):
        if trainer.current_epoch == self.epoch:
            signal.raise_signal(signal.SIGINT)


@pytest.mark.trains
@pytest.mark.usefixtures("_listening")
def test_ctrl_c_leaves_a_model_that_places_cells(expression, tmp_path, caplog):
    DPVAE.setup_anndata(expression)
    model = DPVAE(expression, **QUICK)
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        model.train(max_epochs=500, batch_size=32, callbacks=[PressCtrlC(60)], **QUIET)
    assert "interrupted in epoch 61 of 500" in caplog.text
    assert signal.getsignal(signal.SIGINT) is handler
    places = model.predict_coordinates()
    assert procrustes_disparity(expression.obsm["spatial"], places) < 0.2
    assert len(model.history["train_loss"]) == 60
    model.save(tmp_path / "model")
    loaded = DPVAE.load(tmp_path / "model", adata=expression)
    np.testing.assert_allclose(loaded.predict_coordinates(), places, rtol=1e-5)


@pytest.mark.usefixtures("_listening")
def test_ctrl_c_in_the_training_of_a_query_leaves_the_reference(trained, expression):
    query = expression[:60].copy()
    del query.obsm["spatial"]
    model = DPVAE.load_query_data(query, str(trained))
    before = model.atlas_.layout.coordinates
    with pytest.raises(KeyboardInterrupt):
        model.train(max_epochs=5, batch_size=32, callbacks=[PressCtrlC(2)], **QUIET)
    np.testing.assert_array_equal(model.atlas_.layout.coordinates, before)
    assert np.isfinite(model.predict_coordinates()).all()


@pytest.mark.trains
def test_other_exits_are_left_alone(expression, caplog):
    class Leave(Callback):
        def on_train_start(self, *_):
            raise SystemExit(3)

    DPVAE.setup_anndata(expression)
    model = DPVAE(expression, **QUICK)
    with pytest.raises(SystemExit, match="3"):
        model.train(max_epochs=2, callbacks=[Leave()], **QUIET)
    assert "interrupted" not in caplog.text
    assert model.atlas_ is None
