"""Pictures that are small, and coordinates that have a unit."""

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image
from scipy.spatial import cKDTree

RESOLUTION = 110
N_COLORS = 200


def in_micrometers(places, spacing):
    """Coordinates of spots, which are ``spacing`` µm apart, in µm."""
    nearest = cKDTree(places).query(places, k=2)[0][:, 1]
    return places * (spacing / np.median(nearest))


def save_picture(figure, path):
    """Save a figure as a picture of few colours, and close it."""
    figure.savefig(path, dpi=RESOLUTION, bbox_inches="tight")
    plt.close(figure)
    with Image.open(path) as picture:
        small = picture.convert("RGB").quantize(N_COLORS, dither=Image.Dither.NONE)
    small.save(path, optimize=True)
