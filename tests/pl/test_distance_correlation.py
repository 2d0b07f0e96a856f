import numpy as np
import pytest

from dpvae import pl, tl


@pytest.fixture
def tables(tissue):
    tissue.obsm["X_dpvae"] = np.random.default_rng(0).normal(size=(120, 4))
    tissue.obsm["X_dpvae"][:, :2] += tissue.obsm["spatial"] / 1000
    return {
        "one": tl.distance_preservation(tissue, copy=True),
        "two": tl.distance_preservation(tissue, use_rep="spatial", copy=True),
    }


def test_bars_and_intervals_are_those_of_the_tables(tables):
    ax = pl.distance_correlation(tables)
    widths = [bar.get_width() for bar in ax.patches]
    np.testing.assert_allclose(widths, [table["pearson"].iloc[0] for table in tables.values()])
    for container, columns in zip(
        (c for c in ax.containers if hasattr(c, "has_xerr")),
        (("fisher_low", "fisher_high"), ("low", "high")),
        strict=True,
    ):
        segments = container.lines[2][0].get_segments()
        for segment, table in zip(segments, tables.values(), strict=True):
            np.testing.assert_allclose(segment[:, 0], table[list(columns)].iloc[0], atol=1e-9)
    assert [t.get_text() for t in ax.get_yticklabels()] == ["one", "two"]


def test_missing_columns_are_named(tables):
    with pytest.raises(KeyError, match=r"Table 'one' has no columns \['low'\]"):
        pl.distance_correlation({"one": tables["one"].drop(columns="low")})
