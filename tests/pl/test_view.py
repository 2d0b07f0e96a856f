import matplotlib.pyplot as plt
import numpy as np

from dpvae.pl.view import view_of

SLAB = np.random.default_rng(0).normal(size=(200, 3)) * [1, 20, 5]


def test_two_dimensions_are_drawn_as_they_lie():
    points = SLAB[:, :2]
    view = view_of(points)
    np.testing.assert_array_equal(view.project(points), points)
    np.testing.assert_array_equal(view.back_to_front(points), np.arange(200))


def test_slab_is_seen_from_its_flat_side():
    projected = view_of(SLAB).project(SLAB)
    assert np.corrcoef(projected[:, 0], SLAB[:, 1])[0, 1] > 0.99
    assert np.corrcoef(projected[:, 1], SLAB[:, 2])[0, 1] > 0.99


def test_near_cells_are_drawn_last():
    view = view_of(SLAB)
    order = view.back_to_front(SLAB)
    assert np.all(np.diff((SLAB @ view.directions[:, 2])[order]) >= 0)


def test_unknown_cells_are_not_drawn():
    points = SLAB.copy()
    points[[2, 7]] = np.nan
    for n_dims in (2, 3):
        view = view_of(points[:, :n_dims])
        order = view.back_to_front(points[:, :n_dims])
        assert set(order) == set(range(200)) - {2, 7}
        assert np.isfinite(view.project(points[order, :n_dims])).all()


def test_two_cells_in_space_still_have_a_view():
    assert np.isfinite(view_of(SLAB[:2]).project(SLAB)).all()


def test_only_tissue_planes_have_their_origin_at_the_top():
    flat, deep = view_of(SLAB[:, :2]), view_of(SLAB)
    for view, inverted, label in ((flat, True, "y (µm)"), (deep, False, "principal axis 2 (µm)")):
        ax = plt.figure().subplots()
        view.dress(ax, "µm")
        view.dress(ax, "µm")
        assert ax.yaxis_inverted() == inverted
        assert ax.get_aspect() == 1
        assert ax.get_ylabel() == label
