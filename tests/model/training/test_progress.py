import io
import logging
import re
import sys

import numpy as np
import pandas as pd
import pytest
from tests.conftest import QUICK, QUIET

from dpvae.model import DPSCVI, DPVAE
from dpvae.model.training.progress import end_of_training, is_silent, with_progress

LINE = re.compile(r"Epoch (\d+)/(\d+), distance term [\d.e-]+ tissue radii, (\d+:)?\d\d:\d\d left")


class Terminal(io.StringIO):
    """A stream that draws over what was written."""

    def isatty(self):
        return True


@pytest.fixture
def model(expression):
    DPVAE.setup_anndata(expression)
    return DPVAE(expression, **QUICK)


@pytest.mark.trains
@pytest.mark.parametrize(("n_epochs", "expected"), [(4, 4), (10, 10), (25, 10), (37, 10)])
def test_a_log_file_gets_ten_lines_and_the_last_word(model, capsys, n_epochs, expected):
    model.train(max_epochs=n_epochs)
    output = capsys.readouterr()
    *lines, last = output.err.splitlines()
    found = [LINE.fullmatch(line) for line in lines]
    assert all(found), lines
    assert [int(line[2]) for line in found] == expected * [n_epochs]
    epochs = [int(line[1]) for line in found]
    assert epochs == sorted(set(epochs))
    assert epochs[-1] == n_epochs
    assert lines[-1].endswith("00:00 left")
    shown = float(re.search(r"distance term ([\d.]+)", lines[-1])[1])
    assert shown == pytest.approx(model.history["distance_loss_train"].iloc[-1, 0], rel=0.01)
    assert last.startswith(f"The model is trained ({n_epochs} epochs): distances")
    assert "Next: model.predict_coordinates(query)" in last
    assert "model.predict_posterior(query)" in last
    assert output.out == ""


@pytest.mark.trains
def test_a_terminal_gets_a_bar_with_the_distance_term(model, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "120")
    model.train(max_epochs=3)
    bar, last = terminal.getvalue().rstrip().rsplit("\n", 1)
    assert bar.count("\n") <= 1
    assert re.search(r"3/3 .*distance term [\d.]+ tissue radii", bar)
    assert "v_num" not in bar
    assert last.startswith("The model is trained (3 epochs)")


@pytest.mark.trains
@pytest.mark.parametrize("arguments", [QUIET, {"progress_bar_refresh_rate": 0}])
def test_what_is_silenced_is_silent(model, capfd, caplog, arguments):
    logging.getLogger("lightning.pytorch").setLevel(logging.INFO)  # as it is when imported
    with caplog.at_level(logging.INFO):
        model.train(max_epochs=2, **arguments)
    assert capfd.readouterr() == ("", "")
    assert caplog.text == ""


@pytest.mark.trains
def test_lightning_says_nothing_in_our_trainings_and_is_heard_again_afterwards(
    model, capfd, caplog, tmp_path
):
    lightning = logging.getLogger("lightning.pytorch")
    lightning.setLevel(logging.INFO)
    with caplog.at_level(logging.INFO):
        model.train(max_epochs=2, checkpoint=tmp_path / "state", checkpoint_every=1)
    assert caplog.text == ""
    assert len(capfd.readouterr().err.splitlines()) == 3
    assert lightning.level == logging.INFO


@pytest.mark.trains
def test_a_training_that_goes_on_counts_from_where_it_was(expression, tmp_path, capsys):
    DPVAE.setup_anndata(expression)
    path = tmp_path / "state"
    DPVAE(expression, **QUICK).train(max_epochs=3, checkpoint=path, checkpoint_every=2)
    capsys.readouterr()
    model = DPVAE(expression, **QUICK)
    model.train(max_epochs=3, resume_from=path)
    *lines, last = capsys.readouterr().err.splitlines()
    assert [line.split(",")[0] for line in lines] == ["Epoch 3/3"]
    assert last.startswith("The model is trained (3 epochs)")


@pytest.mark.trains
def test_without_a_distance_term_nothing_is_said_of_distances(counts, capsys):
    DPSCVI.setup_anndata(counts)
    model = DPSCVI(counts, dp_weight=0.0, **QUICK)
    model.train(max_epochs=1)
    shown = capsys.readouterr().err
    assert "The model is trained (1 epoch). Next" in shown
    assert "Epoch 1/1, 00:00 left" in shown


@pytest.mark.trains
def test_every_step_may_be_logged_and_squares_are_named(expression, capsys):
    DPVAE.setup_anndata(expression)
    model = DPVAE(expression, distance_error="squared", **QUICK)
    model.train(max_epochs=2, plan_kwargs={"on_step": True})
    *lines, _ = capsys.readouterr().err.splitlines()
    assert "squared tissue radii" in lines[-1]


def test_another_bar_is_left_alone():
    for arguments in ({"simple_progress_bar": False}, {"simple_progress_bar": True}, QUIET):
        assert with_progress(arguments, "absolute") == arguments
    ours = with_progress({"callbacks": ["mine"]}, "absolute")
    assert ours["callbacks"][0] == "mine"
    assert not ours["simple_progress_bar"]
    assert not is_silent({})


class Trained:
    """What is read of a trained model."""

    def __init__(self, terms, *, error="absolute"):
        self.history = {"distance_loss_train": pd.DataFrame({"distance_loss_train": terms})}
        term = type("Term", (), {"error": error, "unit": np.float64(500), "weight": 3.0})
        self.module = type("Module", (), {"distance_term": term})


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (Trained([0.9, 0.25]), "off by 0.25 tissue radii, 125 in the unit of the coordinates"),
        (Trained([0.9]), "between the cells that it learned from .* Only cells that were held out"),
        (Trained([6.0]), "off by 6 tissue radii, 3,000 in the unit"),
        (Trained([0.0625], error="squared"), r"\(1 epoch\): distances .* off by 0.25 tissue radii"),
        (Trained([0.5, np.nan]), r"The model is trained \(2 epochs\).$"),
        (object(), "The model is trained.$"),
    ],
)
def test_the_last_word_is_in_radii_and_in_the_unit_of_the_coordinates(model, expected):
    assert re.search(expected, end_of_training(model))
