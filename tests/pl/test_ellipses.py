import matplotlib.pyplot as plt
import numpy as np

from dpvae.pl.ellipses import draw_ellipses

CENTERS = np.array([[0.0, 0.0], [10.0, 5.0]])
HALF_AXES = np.array([[2.0, 1.0], [3.0, 0.5]])
ANGLES = np.radians([0.0, 90.0])


def test_outlines_have_their_axes_and_colors():
    ax = plt.figure().subplots()
    outlines = draw_ellipses(ax, CENTERS, HALF_AXES, ANGLES, edgecolors=["red", "blue"])
    np.testing.assert_allclose(outlines.get_widths(), [4.0, 6.0])
    np.testing.assert_allclose(outlines.get_heights(), [2.0, 1.0])
    np.testing.assert_allclose(outlines.get_angles(), [0.0, 90.0])
    np.testing.assert_array_equal(outlines.get_offsets(), CENTERS)
    np.testing.assert_array_equal(outlines.get_edgecolors()[1], [0, 0, 1, 1])
    assert len(outlines.get_facecolors()) == 0


def test_axes_hold_whole_ellipses():
    ax = plt.figure().subplots()
    draw_ellipses(ax, CENTERS, HALF_AXES, ANGLES)
    assert ax.get_xlim()[0] <= -2
    assert ax.get_ylim()[1] >= 8
