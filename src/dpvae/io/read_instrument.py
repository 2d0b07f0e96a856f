"""Folders of instruments, read as SpatialData objects."""

import json
import warnings
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from dpvae._data.warn import warn_user
from dpvae.io.add_micrometers import add_micrometers
from dpvae.io.instruments import BINNED, SCALES, Instrument, instrument_of

if TYPE_CHECKING:
    from anndata import AnnData
    from spatialdata import SpatialData

USUAL_BINS = "square_008um"
SEGMENTED, CELLS = "segmented_outputs", "cell_segmentations"
FILES_OF_CELLS = ("filtered_feature_cell_matrix.h5", "cell_segmentations.geojson", SCALES)
IN_TISSUE = "in_tissue"
FIELDS_OF_COSMX = "*_fov_positions_file.csv"
WITHOUT_NAME = ("filtered_feature_bc_matrix.h5", "feature_slice.h5")
WITHOUT_EXTRAS = {
    "xenium": {
        "cells_as_circles": True,
        "cells_labels": False,
        "nucleus_labels": False,
        "cells_boundaries": False,
        "nucleus_boundaries": False,
        "transcripts": False,
        "morphology_mip": False,
        "morphology_focus": False,
        "aligned_images": False,
    },
    "merscope": {"transcripts": False, "mosaic_images": False},
    "cosmx": {"transcripts": False},
}


def read_instrument(path: str | Path) -> "SpatialData":
    """Read the cells of a folder that an instrument wrote, with a coordinate system in micrometres.

    spatialdata-io reads it, without transcripts and without the large images of Xenium and
    MERSCOPE. For these call its readers, and then :func:`add_micrometers`.

    Parameters
    ----------
    path
        The folder: ``outs`` of Visium and Visium HD, or the output folder of Xenium, MERSCOPE or
        CosMx. Of Visium HD the bins of 8 µm are read; for others name their folder, such as
        ``"outs/binned_outputs/square_016um"``, and for cells ``"outs/segmented_outputs"``.

    Returns
    -------
    The SpatialData object with one table, whose elements have the coordinate system
    ``"micrometers"`` and those of spatialdata-io.

    Raises
    ------
    FileNotFoundError
        If files of the instrument are missing; the message names them.
    ModuleNotFoundError
        If spatialdata-io is not installed.
    NotADirectoryError
        If it is no folder.
    ValueError
        If the folder is of no instrument that is known, holds files of several sections, or cannot
        be read.

    Warns
    -----
    UserWarning
        If the size of a pixel of CosMx is assumed, or spots of Visium have counts and lie outside
        of the tissue.

    See Also
    --------
    table_of : the cells as an AnnData, for models and tools.
    """
    folder, part = _folder_and_part(Path(path))
    instrument = instrument_of(folder)
    readers = _readers(instrument)
    options: dict[str, Any] = dict(WITHOUT_EXTRAS.get(instrument.reader, {}))
    if any((folder / name).exists() for name in WITHOUT_NAME):
        options["dataset_id"] = _name_of(folder)
    if instrument.reader == "visium_hd":
        part = USUAL_BINS if part is None else part
        options |= _options_of_part(folder, part)
    try:
        with warnings.catch_warnings(action="ignore"), redirect_stdout(StringIO()):
            sdata = getattr(readers, instrument.reader)(folder, **options)
        pixel_size = _pixel_size(folder, instrument, part)
    except (MemoryError, PermissionError):
        raise
    except Exception as error:  # a damaged file can raise anything
        message = (
            f"{folder} is a folder of {instrument.name}, but cannot be read; a file may be "
            f"damaged, or of another version. Its reader says: {error}"
        )
        raise ValueError(message) from error
    add_micrometers(sdata, pixel_size=pixel_size)
    for table in set(sdata.tables) - {part or "table"}:
        del sdata.tables[table]
    _warn_if_outside(sdata.tables[part or "table"])
    return sdata


def _folder_and_part(path: Path) -> tuple[Path, str | None]:
    """Folder of an instrument, and the part of Visium HD if the folder of one was given."""
    full = path.resolve()
    if full.parent.name == BINNED and full.name.startswith("square_"):
        return full.parent.parent, full.name
    if full.name == SEGMENTED:
        return full.parent, CELLS
    return path, None


def _warn_if_outside(cells: "AnnData") -> None:
    """Warn if counts are of spots that are outside of the tissue by the file of positions."""
    inside = cells.obs.get(IN_TISSUE)
    outside = 0 if inside is None else int((inside == 0).sum())
    if outside:
        warn_user(
            f"{outside} of {cells.n_obs} spots with counts lie outside of the tissue, by the file "
            "of positions: if counts and positions are of two sections, all places are wrong."
        )


def _options_of_part(folder: Path, part: str) -> dict[str, Any]:
    """Let the reader of Visium HD read bins of one width, or cells."""
    if part == CELLS:
        lacking = [name for name in FILES_OF_CELLS if not (folder / SEGMENTED / name).exists()]
        if lacking:
            message = f"{folder / SEGMENTED} lacks {', '.join(lacking)}: copy it whole."
            raise FileNotFoundError(message)
        return {"load_segmentations_only": True}
    if not (folder / BINNED / part).is_dir():
        there = sorted(path.name for path in (folder / BINNED).glob("square_*um"))
        message = (
            f"{folder / BINNED} has no {part}, but {there}: give the folder of one of these, such "
            f"as {folder / BINNED / there[-1]}."
        )
        raise FileNotFoundError(message)
    width = int(part.removeprefix("square_").removesuffix("um"))
    return {"load_segmentations_only": False, "bin_size": width}


def _readers(instrument: Instrument) -> Any:
    try:
        import spatialdata_io
    except ModuleNotFoundError as error:
        message = (
            f"Folders of {instrument.name} are read by spatialdata-io, which is not installed: run "
            "pip install 'dpvae[spatialdata]'."
        )
        raise ModuleNotFoundError(message) from error
    return spatialdata_io


def _name_of(folder: Path) -> str:
    """Name of a section, from the folder of the run; SpatialData takes letters and digits."""
    full = folder.absolute()
    name = full.parent.name if full.name == "outs" else full.name
    letters = "".join(c if c.isalnum() or c in "-." else "_" for c in name).strip("_.")
    return letters or "section"


def _pixel_size(folder: Path, instrument: Instrument, part: str | None) -> float | None:
    """Micrometres of a pixel, if a file of the folder says it."""
    if part == CELLS:
        factors = json.loads((folder / SEGMENTED / SCALES).read_text(encoding="utf-8"))
        return float(factors["microns_per_pixel"])
    return _pixel_of_cosmx(folder) if instrument.reader == "cosmx" else None


def _pixel_of_cosmx(folder: Path) -> float | None:
    """Compare millimetres and pixels, if the fields of view are given in both."""
    fields = pd.read_csv(next(folder.glob(FIELDS_OF_COSMX))).rename(columns=str.lower)
    for axis in "xy":
        millimeters, pixels = f"{axis}_global_mm", f"{axis}_global_px"
        if millimeters in fields and pixels in fields and fields[pixels].nunique() > 1:
            span = fields[[millimeters, pixels]].max() - fields[[millimeters, pixels]].min()
            return 1000.0 * float(span[millimeters] / span[pixels])
    return None
