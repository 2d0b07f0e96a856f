import signal

import numpy as np
import pytest
from scvi.train import SaveCheckpoint
from tests.conftest import QUICK, QUIET

from dpvae.model import DPVAE
from dpvae.model.training import trained_model


@pytest.fixture
def model(expression):
    reference = expression[:180].copy()
    DPVAE.setup_anndata(reference)
    return DPVAE(reference, **QUICK)


@pytest.mark.trains
def test_a_folder_that_was_saved_within_training_places_cells_with_the_reference(
    model, expression, tmp_path
):
    reference, query = model.adata.copy(), expression[180:].copy()
    model.train(max_epochs=1, **QUIET)
    watch = SaveCheckpoint(str(tmp_path), monitor="train_loss", check_nan_gradients=False)
    model.train(max_epochs=1, check_val_every_n_epoch=1, callbacks=[watch], **QUIET)
    [folder] = tmp_path.iterdir()
    saved = DPVAE.load(folder, adata=reference)
    np.testing.assert_allclose(
        saved.predict_coordinates(query), model.predict_coordinates(query), rtol=1e-4
    )
    alone = DPVAE.load(folder)
    with pytest.raises(RuntimeError, match=r"saved before model\.train\(\) had ended.*adata=ref"):
        alone.predict_coordinates(query)
    saved.save(tmp_path / "whole")
    expected = saved.predict_coordinates(query)
    np.testing.assert_allclose(DPVAE.load(tmp_path / "whole").predict_coordinates(query), expected)


@pytest.mark.trains
@pytest.mark.parametrize("step", ["fit_gene_regression", "layout_cells"])
def test_ctrl_c_after_the_last_epoch_leaves_a_model_that_places_cells(
    model, expression, step, monkeypatch
):
    query, work = expression[180:].copy(), getattr(trained_model, step)

    def pressed(*_):
        signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    monkeypatch.setattr(trained_model, step, pressed)
    with pytest.raises(KeyboardInterrupt):
        model.train(max_epochs=1, **QUIET)
    signal.signal(signal.SIGINT, before)
    monkeypatch.setattr(trained_model, step, work)
    places = model.predict_coordinates(query)
    assert np.isfinite(places).all()
    assert model.atlas_.regression is not None
    model._keep_reference(None)
    np.testing.assert_allclose(model.predict_coordinates(query), places)


def test_an_untrained_model_makes_no_layout(model):
    with pytest.raises(RuntimeError, match="train"):
        model._atlas()
