import numpy as np
import pandas as pd
import pytest

from dpvae import pl

TABLE = pd.DataFrame(
    {
        "dp_weight": [1.0, 0.0, 0.0, 1.0, 10.0],
        "procrustes_disparity": [0.2, 0.9, 0.7, 0.4, 0.1],
        "model": ["a", "a", "a", "a", "b"],
    }
)


def test_lines_are_means_and_bands_ranges():
    ax = pl.regularization_path(TABLE, line="model")
    one, two = ax.lines
    np.testing.assert_allclose(one.get_xydata(), [[0.0, 0.8], [1.0, 0.3]])
    np.testing.assert_allclose(two.get_xydata(), [[10.0, 0.1]])
    band = ax.collections[0].get_paths()[0].vertices
    assert {0.2, 0.4, 0.7, 0.9} <= set(band[:, 1].round(6))
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["a", "b"]


def test_no_weight_has_a_place_on_the_logarithmic_axis():
    ax = pl.regularization_path(TABLE)
    assert ax.get_xscale() == "symlog"
    assert ax.get_xlim()[0] <= 0.0
    assert [t.get_text() for t in ax.get_xticklabels()] == ["0", "1", "10"]
    shown = ax.transData.transform([[0, 0], [1, 0], [10, 0]])[:, 0]
    assert shown[0] < shown[1] < shown[2]


def test_wrong_tables_are_refused():
    with pytest.raises(KeyError, match=r"no columns \['error'\]"):
        pl.regularization_path(TABLE, score="error")
    with pytest.raises(ValueError, match="weights of at least 0"):
        pl.regularization_path(TABLE.assign(dp_weight=-1.0))
    many = TABLE.loc[[0] * 8].assign(model=list("abcdefgh"))
    with pytest.raises(ValueError, match="8 lines"):
        pl.regularization_path(many, line="model")
