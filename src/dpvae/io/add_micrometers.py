"""A coordinate system in micrometres for SpatialData objects that are in pixels."""

from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dpvae._data.warn import warn_user
from dpvae.io.annotation import ATTRS, Annotation, annotation_of, check_is_spatialdata
from dpvae.io.coordinate_system import DOWNSCALED, GLOBAL, MICROMETERS, READER
from dpvae.io.table_of import centers_of

if TYPE_CHECKING:
    from spatialdata import SpatialData

ARRAY = ["array_row", "array_col"]
PITCH_OF_VISIUM = 100.0
BINS = r"square_(\d+)um"
LATTICES = ("visium", "visium_hd")
COSMX_PIXEL = 0.12028
LARGEST_MISFIT = 0.1

Points = NDArray[np.float64]


def add_micrometers(sdata: "SpatialData", *, pixel_size: float | None = None) -> None:
    """Add a coordinate system in micrometres, ``"micrometers"``, to elements that are in pixels.

    What spatialdata-io reads is in pixels of an image. Their size in micrometres is taken from

    - Visium: the distance of spots, 100 µm;
    - Visium HD: the width of the bins;
    - Xenium, MERSCOPE: the transformation of the outlines, which are in micrometres themselves;
    - CosMx: 0.12028 µm, with a warning, since its files do not say it.

    Parameters
    ----------
    sdata
        The SpatialData object. A transformation is added to its elements, in memory; elements that
        have such a coordinate system keep theirs.
    pixel_size
        Size of a pixel (or of another unit of the coordinate system) in micrometres. By default
        as above. Needed for objects that spatialdata-io did not read.

    Raises
    ------
    TypeError
        If ``sdata`` is no SpatialData object.
    ValueError
        If the size is not positive, or not given and not known, or several coordinate systems could
        be meant.

    Warns
    -----
    UserWarning
        If the size of a pixel of CosMx is assumed.

    Examples
    --------
    >>> import numpy as np
    >>> import dpvae
    >>> from spatialdata import SpatialData
    >>> from spatialdata.models import ShapesModel
    >>> spots = ShapesModel.parse(np.array([[10.0, 20.0]]), geometry=0, radius=1)
    >>> sdata = SpatialData.init_from_elements({"spots": spots})
    >>> dpvae.io.add_micrometers(sdata, pixel_size=0.5)
    >>> sorted(sdata.coordinate_systems)
    ['global', 'micrometers']
    """
    from spatialdata.transformations import Sequence, get_transformation, set_transformation

    check_is_spatialdata(sdata)
    if pixel_size is not None and not (np.isfinite(pixel_size) and pixel_size > 0):
        message = f"pixel_size is {pixel_size!r}: give the micrometres of a pixel, above 0."
        raise ValueError(message)
    to_micrometers = _from_pixels(sdata, pixel_size)
    for _, _, element in sdata.gen_spatial_elements():
        known = get_transformation(element, get_all=True)
        bases = [system for system in to_micrometers if system in known]
        if bases and MICROMETERS not in known:
            steps = [known[bases[0]], to_micrometers[bases[0]]]
            set_transformation(element, Sequence(steps), MICROMETERS)


def _from_pixels(sdata: "SpatialData", pixel_size: float | None) -> dict[str, Any]:
    """Find transformations to micrometres, by the coordinate system that they start from."""
    from spatialdata.transformations import Identity, get_transformation

    reader = sdata.attrs.get(READER)
    if pixel_size is not None:
        return dict.fromkeys(_bases(sdata), _scaling(pixel_size))
    if reader in LATTICES:
        tables = [name for name, cells in sdata.tables.items() if ATTRS in cells.uns]
        found = [_from_lattice(annotation_of(sdata, name)) for name in tables]
        sizes = {base: size for each in found for base, size in each.items()}
        if sizes:
            return sizes
    if reader in ("xenium", "merscope"):
        for outlines in sdata.shapes.values():
            to_global = get_transformation(outlines, get_all=True).get(GLOBAL, Identity())
            if not isinstance(to_global, Identity):
                return {GLOBAL: to_global.inverse()}
    if reader == "cosmx":
        warn_user(
            f"CosMx files do not say how large a pixel is; {COSMX_PIXEL} µm are assumed. Of early "
            "instruments it is 0.18: give add_micrometers(sdata, pixel_size=0.18)."
        )
        return {GLOBAL: _scaling(COSMX_PIXEL)}
    message = (
        "It is not known how large the pixels of sdata are: give add_micrometers(sdata, "
        "pixel_size=…), the micrometres of one."
    )
    raise ValueError(message)


def _bases(sdata: "SpatialData") -> list[str]:
    """Name the coordinate systems in pixels of a full image: one, or one for each Visium slide."""
    systems = [
        name
        for name in sdata.coordinate_systems
        if not name.endswith(DOWNSCALED) and name != MICROMETERS
    ]
    if GLOBAL in systems:
        return [GLOBAL]
    if len(systems) == 1 or sdata.attrs.get(READER) in LATTICES:
        return systems
    message = (
        f"sdata has the coordinate systems {sorted(systems)}, and it is not clear of which one "
        "pixel_size is: add a transformation to 'micrometers' to its elements with "
        "spatialdata.transformations.set_transformation."
    )
    raise ValueError(message)


def _from_lattice(found: Annotation) -> dict[str, Any]:
    """Measure pixels by spots or bins whose distance is known."""
    from spatialdata.transformations import get_transformation

    if not set(ARRAY) <= set(found.cells.obs):
        return {}
    sizes = {}
    for name, element in found.elements.items():
        known = get_transformation(element, get_all=True)
        base = next(system for system in known if not system.endswith(DOWNSCALED))
        mine = (found.region == name).to_numpy()
        centers = centers_of(element, name, base).reindex(found.instance[mine])
        if centers.isna().all(axis=None):
            message = (
                f"No spot of table {found.table!r} has a place in element {name!r}: counts and "
                "positions may be of two sections."
            )
            raise ValueError(message)
        bin_width = pd.Series([name]).str.extract(BINS)[0].astype(float).item()
        steps = hexagonal(PITCH_OF_VISIUM) if np.isnan(bin_width) else (bin_width, bin_width)
        array = found.cells.obs.loc[mine, ARRAY].to_numpy(np.float64)
        size = size_of_pixel(array * steps, centers.to_numpy(np.float64), step=max(steps))
        if size is not None:
            sizes[base] = _scaling(size)
    return sizes


def hexagonal(pitch: float) -> tuple[float, float]:
    """Distance of rows, and of columns of which every other one is used, in a hexagonal grid."""
    return pitch * sqrt(3.0) / 2.0, pitch / 2.0


def size_of_pixel(micrometers: Points, pixels: Points, *, step: float) -> float | None:
    """Size of a pixel, if the same places are known in micrometres and in pixels.

    Parameters
    ----------
    micrometers, pixels
        Shape ``(n_places, 2)``, in frames that may be moved, turned and mirrored.
    step
        Distance of rows or columns, in micrometres.

    Returns
    -------
    Its micrometres; ``None`` if the places are not those, a tenth of a step off or more: cells that
    were placed keep the rows and columns of their own slide.

    Raises
    ------
    ValueError
        If the places lie on a line.
    """
    known = np.isfinite(pixels).all(axis=1)
    centered, image = (
        x[known] - x[known].mean(axis=0) if known.any() else np.zeros((1, 2))
        for x in (micrometers, pixels)
    )
    linear, _, rank, _ = np.linalg.lstsq(centered, image, rcond=None)
    area = abs(float(np.linalg.det(linear)))
    if rank < 2 or area == 0:
        message = "The spots lie on a line, and do not show how large a pixel is: give pixel_size=…"
        raise ValueError(message)
    size = 1.0 / sqrt(area)
    misfit = np.sqrt(((centered @ linear - image) ** 2).sum(axis=1).mean()) * size
    return size if misfit < LARGEST_MISFIT * step else None


def _scaling(factor: float) -> Any:
    from spatialdata.transformations import Scale

    return Scale([factor, factor], axes=("x", "y"))
