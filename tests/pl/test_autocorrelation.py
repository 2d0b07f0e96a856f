import numpy as np
import pytest

from dpvae import pl, tl


def test_dots_are_the_variables_and_bars_the_medians(tissue):
    tables = {
        "genes": tl.autocorrelation(tissue, copy=True),
        "places": tl.autocorrelation(tissue, use_rep="spatial", copy=True),
    }
    axes = pl.autocorrelation(tables)
    for ax, column, chance in zip(axes, ("morans_i", "gearys_c"), (0.0, 1.0), strict=True):
        dots, bar, more, _ = ax.collections
        np.testing.assert_allclose(dots.get_offsets()[:, 1], tables["genes"][column])
        np.testing.assert_allclose(more.get_offsets()[:, 1], tables["places"][column])
        assert (np.abs(dots.get_offsets()[:, 0]) < 0.3).all()
        assert bar.get_segments()[0][0, 1] == np.median(tables["genes"][column])
        assert ax.lines[0].get_ydata()[0] == chance
        assert [t.get_text() for t in ax.get_xticklabels()] == ["genes", "places"]


def test_wrong_tables_are_refused(tissue):
    with pytest.raises(ValueError, match="no table to draw"):
        pl.autocorrelation({})
    with pytest.raises(KeyError, match=r"Table 'a' has no columns \['morans_i'"):
        pl.autocorrelation({"a": tissue.obs})


def test_one_table_needs_no_name(tissue):
    table = tl.autocorrelation(tissue, copy=True)
    axes = pl.autocorrelation(table)
    assert len(axes[0].collections[0].get_offsets()) == tissue.n_vars
