import matplotlib.pyplot as plt
import numpy as np
from benchmarks.gallery.pictures import in_micrometers, save_picture
from matplotlib import image
from scipy.spatial.distance import pdist


def test_spots_are_as_far_apart_as_the_array_says():
    spots = 137.0 * np.stack(np.meshgrid(np.arange(6), np.arange(5)), axis=-1).reshape(-1, 2)
    distances = pdist(in_micrometers(spots, 100.0))
    assert distances.min() == 100
    np.testing.assert_allclose(distances, pdist(spots) * 100 / 137)


def test_a_picture_keeps_its_colors(tmp_path):
    figure = plt.figure(figsize=(1, 1))
    figure.patch.set_facecolor("#0072B2")
    save_picture(figure, tmp_path / "a.png")
    assert not plt.fignum_exists(figure.number)
    drawn = image.imread(tmp_path / "a.png")[5, 5, :3]
    np.testing.assert_allclose(drawn, [0, 0x72 / 255, 0xB2 / 255], atol=0.02)
