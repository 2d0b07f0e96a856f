"""SpatialData objects of known places."""

import numpy as np
import pandas as pd
import pytest
from spatialdata import SpatialData
from spatialdata.models import ShapesModel, TableModel
from spatialdata.transformations import Affine, Identity, Scale

KEYS = {"region_key": "region", "instance_key": "cell"}


def circles(places, names, **systems):
    """Circles at places, with scales to coordinate systems."""
    scales = {
        name: Identity() if factor == 1 else Scale([factor, factor], axes=("x", "y"))
        for name, factor in systems.items()
    }
    index = pd.Index(names)
    return ShapesModel.parse(places, geometry=0, radius=3.0, index=index, transformations=scales)


def annotated(cells, region, names):
    """A table of cells of an element."""
    cells = cells.copy()
    cells.obs["region"], cells.obs["cell"] = (
        pd.Categorical(np.broadcast_to(region, len(names))),
        names,
    )
    regions = list(dict.fromkeys(np.broadcast_to(region, len(names))))
    return TableModel.parse(cells, region=regions, **KEYS)


@pytest.fixture
def in_pixels(counts):
    """The section with circles in pixels of half a micrometre, in another order than the table."""
    rows = np.random.default_rng(0).permutation(counts.n_obs)
    names = np.array([f"c{n}" for n in range(counts.n_obs)])
    spots = circles(2.0 * counts.obsm["spatial"][rows], names[rows], image=1, microns=0.5)
    table = annotated(counts, "spots", names)
    return SpatialData.init_from_elements({"spots": spots, "table": table})


def turned(places, names, system):
    """Circles in a turned and moved frame, with the way back to a coordinate system."""
    forth = np.array([[0.0, -2.0, 100.0], [2.0, 0.0, -30.0], [0.0, 0.0, 1.0]])
    back = Affine(np.linalg.inv(forth), input_axes=("x", "y"), output_axes=("x", "y"))
    moved = places @ forth[:2, :2].T + forth[:2, 2]
    return ShapesModel.parse(
        moved, geometry=0, radius=3.0, index=pd.Index(names), transformations={system: back}
    )
