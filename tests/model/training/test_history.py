import pandas as pd
import pytest

from dpvae.model.training.history import HistoryLogger


def test_tables_are_indexed_by_epoch_or_step():
    logger = HistoryLogger()
    logger.log_metrics({"epoch": 0, "train_loss": 3.0, "elbo_train": 2.0}, step=7)
    logger.log_metrics({"epoch": 4, "train_loss": 1.0}, step=9)
    logger.log_metrics({"rate": 0.1}, step=12)
    history = logger.history
    expected = pd.DataFrame({"train_loss": [3.0, 1.0]}, index=pd.Index([0, 4], name="epoch"))
    pd.testing.assert_frame_equal(history["train_loss"], expected)
    assert history["rate"].index.tolist() == [12]
    assert history["rate"].index.name == "step"
    assert history["elbo_train"].loc[0].item() == pytest.approx(2.0)
