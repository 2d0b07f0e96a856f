import numpy as np
import pandas as pd
import pytest

from dpvae import pl


def test_rows_are_trained_on_and_columns_tested_on():
    scores = pd.DataFrame([[0.1, 0.9, np.nan], [0.2, 0.3, 1.5]], ["a", "b"], ["x", "y", "z"])
    ax = pl.transfer_matrix(scores, label="error")
    np.testing.assert_array_equal(ax.images[0].get_array().filled(np.nan), scores)
    written = {text.get_position(): text.get_text() for text in ax.texts}
    assert written == {(0, 0): ".10", (1, 0): ".90", (0, 1): ".20", (1, 1): ".30", (2, 1): "1.5"}
    assert [t.get_text() for t in ax.get_xticklabels()] == ["x", "y", "z"]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["a", "b"]
    assert ax.figure.axes[1].get_ylabel() == "error"


def test_colors_span_the_scores_unless_limits_are_given():
    scores = pd.DataFrame([[0.4, np.nan], [0.6, 0.5]])
    assert pl.transfer_matrix(scores).images[0].get_clim() == (0.4, 0.6)
    assert pl.transfer_matrix(scores, limits=(0, 1)).images[0].get_clim() == (0, 1)
    one = pl.transfer_matrix(pd.DataFrame([[0.4]]))
    assert one.images[0].get_clim()[0] == 0.4
    assert one.texts[0].get_color() == "black"


def test_numbers_are_legible_on_their_color():
    ax = pl.transfer_matrix(pd.DataFrame([[0.0, 1.0]]))
    assert [text.get_color() for text in ax.texts] == ["black", "white"]


@pytest.mark.parametrize("scores", [pd.DataFrame(), pd.DataFrame([["a"]])])
def test_anything_but_numbers_is_refused(scores):
    with pytest.raises(ValueError, match="pass numbers"):
        pl.transfer_matrix(scores)
