from pathlib import Path
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from dpvae import pl


def frame(column: str, values: list[float], every: int = 1) -> pd.DataFrame:
    epochs = pd.Index(np.arange(len(values)) * every, name="epoch")
    return pd.DataFrame({column: pd.Series(values, epochs, dtype=object)})


@pytest.fixture
def history() -> dict[str, pd.DataFrame]:
    return {
        "distance_loss_train": frame("distance_loss_train", [3, 2, 1]),
        "distance_loss_validation": frame("distance_loss_validation", [4, 2], every=2),
        "reconstruction_loss_train": frame("reconstruction_loss_train", [300, 200, 100]),
        "kl_local_train": frame("kl_local_train", [0, 1, 2]),
        "distance_scale_train": frame("distance_scale_train", [1, 1.5, 1.7]),
        "elbo_train": frame("elbo_train", [9, 8, 7]),
    }


def test_a_panel_for_each_term_that_is_there(history: dict[str, pd.DataFrame]):
    axes = pl.training_history(history)
    assert [(ax.get_title(), ax.get_ylabel()) for ax in axes] == [
        ("distance term", "tissue radii"),
        ("reconstruction loss", "nats per cell"),
        ("KL divergence", "nats per cell"),
        ("distance scale λ", "latent distance per unit of tissue"),
    ]
    del history["kl_local_train"]
    assert len(pl.training_history(history)) == 3


def test_a_page_is_wide_enough(history: dict[str, pd.DataFrame]):
    axes = pl.training_history(history)
    width, height = axes[0].figure.get_size_inches()
    assert width < 1.5 * height
    grid = [ax.get_subplotspec().get_gridspec().get_geometry() for ax in axes]
    assert grid == [(2, 2)] * 4


def test_curves_are_the_history(history: dict[str, pd.DataFrame]):
    training, validation = pl.training_history(history)[0].get_lines()
    np.testing.assert_array_equal(training.get_xydata(), [[0, 3], [1, 2], [2, 1]])
    np.testing.assert_array_equal(validation.get_xydata(), [[0, 4], [2, 2]])
    assert [training.get_label(), validation.get_label()] == ["training", "validation"]
    assert training.get_color() != validation.get_color()
    assert training.get_linestyle() != validation.get_linestyle()


def test_legend_only_where_there_is_something_to_tell_apart(history: dict[str, pd.DataFrame]):
    axes = pl.training_history(history)
    assert [ax.get_legend() is not None for ax in axes] == [True, False, False, False]


def test_model_is_asked_for_its_history(history: dict[str, pd.DataFrame]):
    assert len(pl.training_history(SimpleNamespace(history=history))) == 4


@pytest.mark.slow
def test_given_axes_and_file(history: dict[str, pd.DataFrame], tmp_path: Path):
    _, axes = plt.subplots(2, 2)
    drawn = pl.training_history(history, ax=axes, save=tmp_path / "history.png")
    assert list(drawn) == list(axes.flat)
    assert (tmp_path / "history.png").exists()
    one = {"kl_local_train": history["kl_local_train"]}
    assert list(pl.training_history(one, ax=axes[0, 0])) == [axes[0, 0]]


def test_one_epoch_is_visible():
    (ax,) = pl.training_history({"kl_local_train": frame("kl_local_train", [1.0])})
    assert ax.get_lines()[0].get_marker() == "o"


def test_errors(history: dict[str, pd.DataFrame]):
    with pytest.raises(KeyError, match=r"distance_loss_train.*it has: elbo_train"):
        pl.training_history({"elbo_train": history["elbo_train"]})
    with pytest.raises(KeyError, match="it has: nothing"):
        pl.training_history({})
    with pytest.raises(ValueError, match=r"call model\.train\(\)"):
        pl.training_history(SimpleNamespace(history=None))
    with pytest.raises(ValueError, match="4 are drawn"):
        pl.training_history(history, ax=plt.figure().subplots())


def test_a_first_spike_of_the_validation_part_does_not_hide_the_rest():
    epochs = pd.RangeIndex(20, name="epoch")
    training, validation = np.linspace(3.0, 1.0, 20), np.linspace(4.0, 2.0, 20)
    validation[0] = 1e6
    history = {
        f"distance_loss_{split}": pd.DataFrame({"x": values}, epochs)
        for split, values in (("train", training), ("validation", validation))
    }
    low, high = pl.training_history(history)[0].get_ylim()
    assert low < 1.0
    assert 3.0 < high < 5.0
