"""A colour for every place: a two-dimensional colour map."""

import numpy as np
from matplotlib.colors import to_rgb
from numpy.typing import NDArray

# Blue to yellow across, light to dark along: two contrasts that every kind of colour vision has.
TOP_LEFT, TOP_RIGHT = "#86d5f7", "#ffd94a"
BOTTOM_LEFT, BOTTOM_RIGHT = "#2a2a8c", "#8a3a00"
MIDDLE_REDNESS = 0.09

# sRGB (linear) to cone responses and cone responses (cube roots) to Oklab, after Ottosson (2020).
CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
OKLAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def position_colors(positions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Colours of places, shape ``(n, 4)``, RGBA in [0, 1].

    The four corners of the tissue's bounding box have a colour each; between them, colours are
    interpolated bilinearly in Oklab [1]_, so that equal steps in the tissue look about equal.
    Across, the colour goes from blue over purple to yellow and along from light to dark. Blue
    against yellow and light against dark stay apart in red-green colour blindness; the purple
    only keeps the middle from being grey.

    Parameters
    ----------
    positions
        Places in the plane, shape ``(n, 2)``; the second axis points down. NaN rows become
        transparent.

    References
    ----------
    .. [1] Ottosson B (2020). A perceptual color space for image processing.
       https://bottosson.github.io/posts/oklab/
    """
    smallest = np.nanmin(positions, axis=0)
    extent = np.nanmax(positions, axis=0) - smallest
    across, along = ((positions - smallest) / np.where(extent > 0, extent, 1)).T[:, :, None]
    corners = [_oklab(name) for name in (TOP_LEFT, TOP_RIGHT, BOTTOM_LEFT, BOTTOM_RIGHT)]
    top = (1 - across) * corners[0] + across * corners[1]
    bottom = (1 - across) * corners[2] + across * corners[3]
    lab = (1 - along) * top + along * bottom
    lab[:, 1] += MIDDLE_REDNESS * 4 * (across * (1 - across))[:, 0]
    rgb = _rgb(lab)
    known = ~np.isnan(rgb).any(axis=1)
    return np.column_stack([np.nan_to_num(rgb), known.astype(float)])


def _oklab(name: str) -> NDArray[np.float64]:
    rgb = np.array(to_rgb(name))
    linear = np.where(rgb > 0.04045, ((rgb + 0.055) / 1.055) ** 2.4, rgb / 12.92)
    return np.asarray(OKLAB @ np.cbrt(CONES @ linear))


def _rgb(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    cones = np.linalg.solve(OKLAB, lab.T) ** 3
    linear = np.clip(np.linalg.solve(CONES, cones).T, 0, 1)
    return np.where(linear > 0.0031308, 1.055 * linear ** (1 / 2.4) - 0.055, 12.92 * linear)
