"""Colours of errors: light is good, dark is bad, and nothing is too pale to see on white."""

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import ListedColormap

LIGHTEST = 0.7  # of viridis, whose end is a yellow that thin lines lose on white
ERROR_COLORS = ListedColormap(colormaps["viridis"](np.linspace(LIGHTEST, 0, 256)))
