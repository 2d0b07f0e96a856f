"""Folders that instruments write, recognised by their files."""

from dataclasses import dataclass
from pathlib import Path

BINNED = "binned_outputs"


@dataclass(frozen=True)
class Instrument:
    """What a folder of an instrument holds.

    Parameters
    ----------
    name
        Its name.
    reader
        Name of its reader in spatialdata-io.
    files
        The files and folders that are needed, each with its alternatives; ``*`` stands for
        anything.
    """

    name: str
    reader: str
    files: tuple[tuple[str, ...], ...]

    def missing(self, folder: Path) -> list[str]:
        """List what a folder lacks of it."""
        return [
            " or ".join(names)
            for names in self.files
            if not any(any(folder.glob(name)) for name in names)
        ]

    def twofold(self, folder: Path) -> list[str]:
        """List files of which a folder holds more than one, as if it held several sections."""
        for names in self.files:
            found = {path.name for name in names if "/" not in name for path in folder.glob(name)}
            if len(found) > 1:
                return sorted(found)
        return []


COUNTS = "filtered_feature_bc_matrix.h5"
SCALES = "spatial/scalefactors_json.json"
INSTRUMENTS = (
    Instrument(
        "Visium",
        "visium",
        (
            (COUNTS, f"*_{COUNTS}"),
            (SCALES,),
            ("spatial/tissue_positions.csv", "spatial/tissue_positions_list.csv"),
        ),
    ),
    Instrument(
        "Visium HD",
        "visium_hd",
        (
            ("feature_slice.h5", "*_feature_slice.h5"),
            (f"{BINNED}/square_*um/{COUNTS}",),
            (f"{BINNED}/square_*um/{SCALES}",),
            (f"{BINNED}/square_*um/spatial/tissue_positions.parquet",),
        ),
    ),
    Instrument(
        "Xenium",
        "xenium",
        tuple(
            (name,)
            for name in (
                "experiment.xenium",
                "cell_feature_matrix.h5",
                "cells.parquet",
                "cells.zarr.zip",
            )
        ),
    ),
    Instrument(
        "MERSCOPE",
        "merscope",
        tuple(
            (name,)
            for name in (
                "cell_by_gene.csv",
                "cell_metadata.csv",
                "cell_boundaries.parquet",
                "images/micron_to_mosaic_pixel_transform.csv",
            )
        ),
    ),
    Instrument(
        "CosMx",
        "cosmx",
        tuple(
            (name,)
            for name in (
                "*_exprMat_file.csv",
                "*_metadata_file.csv",
                "*_fov_positions_file.csv",
                "CellComposite",
                "CellLabels",
            )
        ),
    ),
)
OTHERS = {
    "Stereo-seq": ("02.count", "stereoseq"),
    "seqFISH": ("*CellxGene*.csv", "seqfish"),
    "Curio Seeker": ("*_variable_features_spatial_moransi.txt", "curio"),
    "CODEX": ("*.fcs", "codex"),
    "MCMICRO": ("quantification", "mcmicro"),
}


def instrument_of(folder: Path) -> Instrument:
    """Find which instrument wrote a folder, and that the folder is whole.

    Raises
    ------
    FileNotFoundError
        If files are missing; the message names them.
    NotADirectoryError
        If it is no folder.
    ValueError
        If it is of no instrument that is known here, or holds files of several sections.
    """
    if not folder.is_dir():
        found = f"{folder} is a file" if folder.exists() else f"There is no folder {folder}"
        message = f"{found}: give the folder that an instrument wrote."
        raise NotADirectoryError(message)
    missing = {each: each.missing(folder) for each in INSTRUMENTS}
    best = max(INSTRUMENTS, key=lambda each: 1 - len(missing[each]) / len(each.files))
    if len(missing[best]) == len(best.files):
        raise ValueError(_unknown(folder))
    if missing[best]:
        message = (
            f"{folder} looks like a folder of {best.name}, but lacks {', '.join(missing[best])}: "
            "copy it whole."
        )
        raise FileNotFoundError(message)
    twofold = best.twofold(folder)
    if twofold:
        message = (
            f"{folder} holds {' and '.join(twofold)}, of which a folder of {best.name} has one: "
            "put each section into a folder of its own."
        )
        raise ValueError(message)
    return best


def _unknown(folder: Path) -> str:
    inner = folder / "outs"
    if inner.is_dir():
        return f"{folder} holds a folder outs: give that, {inner}."
    if folder.resolve().name == BINNED:
        return f"{folder} is a part of a folder of Visium HD: give the one that it lies in."
    for name, (mark, reader) in OTHERS.items():
        if any(folder.glob(mark)):
            return (
                f"{folder} is of {name}, which is not read here: read it with "
                f"spatialdata_io.{reader}, write it with sdata.write(path), and give that store."
            )
    known = ", ".join(each.name for each in INSTRUMENTS)
    return f"{folder} is no folder of an instrument that is read here: {known}."
