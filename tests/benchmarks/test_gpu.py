import numpy as np
import pandas as pd
import pytest
from benchmarks.speed.gpu import cells_of, measured

from dpvae._data.expression import check_counts
from dpvae.model.training.epochs import suitable_steps
from dpvae.tl import autocorrelation


def test_more_cells_than_are_drawn_are_copies_at_places_of_their_own(monkeypatch):
    monkeypatch.setattr("benchmarks.speed.gpu.AT_ONCE", 400)
    cells = cells_of(1_000, 200)
    assert cells.shape == (1_000, 200)
    check_counts(cells, None)
    assert (cells.X[:200] != cells.X[800:]).nnz == 0
    assert len({tuple(place) for place in cells.obsm["spatial"]}) == 1_000
    is_frequent = np.asarray(cells.X.sum(axis=0)).ravel() > 500
    assert autocorrelation(cells[:, is_frequent].copy(), copy=True)["morans_i"].max() > 0.2


@pytest.mark.slow
def test_both_models_are_measured_on_the_processor(tmp_path):
    out = tmp_path / "rows.csv"
    found = measured(out, [(2_000, 60)], "cpu", seconds=600)
    pd.testing.assert_frame_equal(pd.read_csv(out), found)
    assert found["model"].tolist() == ["DPVAE", "DPSCVI"]
    assert set(found["steps"]) == {suitable_steps(2_000)}
    stated = (
        found["setup, s"] + found["step, ms"] * found["steps"] / 1e3 + found["after the steps, s"]
    )
    assert stated.tolist() == pytest.approx((60 * found["training, min"]).tolist(), abs=0.5)
    assert (found["memory, GB"] < 4).all()


def test_rows_for_which_there_is_no_time_are_left_out(tmp_path, capsys):
    assert measured(tmp_path / "rows.csv", [(2_000, 60)], "cpu", seconds=0.0).empty
    assert capsys.readouterr().out.count("No time for") == 2
