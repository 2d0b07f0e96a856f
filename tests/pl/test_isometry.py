import numpy as np
import pytest
from matplotlib.collections import EllipseCollection

from dpvae import pl


@pytest.fixture
def stretched(tissue):
    tissue.obsm["X_dpvae"] = tissue.obsm["spatial"] / 100
    tissue.obsm["X_dpvae_metric"] = np.tile(np.diag([1.0, 16.0]), (120, 1, 1))
    return tissue


def ellipses(ax):
    (found,) = (c for c in ax.collections if isinstance(c, EllipseCollection))
    return found


def test_ellipses_are_long_where_expression_changes_slowly(stretched):
    ax = pl.isometry(stretched)
    drawn = ellipses(ax)
    np.testing.assert_allclose(drawn.get_widths() / drawn.get_heights(), 4.0)
    np.testing.assert_allclose(drawn.get_array(), 4.0)
    assert ax.get_title() == "median axis ratio 4"
    assert ax.get_aspect() == 1


def test_ellipses_lie_on_their_cells_and_follow_the_seed(stretched):
    one, same, other = (
        ellipses(pl.isometry(stretched, max_ellipses=9, seed=s)).get_offsets() for s in (0, 0, 1)
    )
    assert len(one) == 9
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)
    cells = pl.isometry(stretched).collections[0].get_offsets()
    assert all(np.abs(cells - place).sum(axis=1).min() < 1e-9 for place in one)


def test_a_missing_metric_is_named(tissue):
    tissue.obsm["X_dpvae"] = tissue.obsm["spatial"]
    with pytest.raises(KeyError, match="X_dpvae_metric"):
        pl.isometry(tissue)


def test_a_metric_of_another_representation_is_refused(stretched):
    with pytest.raises(ValueError, match=r"has shape \(0, 2\) and adata.obsm\['X_dpvae_metric'\]"):
        pl.isometry(stretched[:0].copy())
    stretched.obsm["X_dpvae"] = np.c_[stretched.obsm["X_dpvae"], np.ones(120)]
    with pytest.raises(ValueError, match=r"X_dpvae'\] has shape \(120, 3\) and .*\(120, 2, 2\)"):
        pl.isometry(stretched)
