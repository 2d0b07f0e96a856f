"""Options that several commands take."""

from enum import StrEnum
from typing import Annotated

import typer

from dpvae._models import MODELS

KINDS = "h5ad file, SpatialData store, STORE.zarr/tables/NAME, or folder of an instrument"
OF_ONE_REFERENCE = {name: entry for name, entry in MODELS.items() if not entry.joins}
ModelName = StrEnum("ModelName", {name: name for name in OF_ONE_REFERENCE})  # type: ignore[misc]
FIRST_MODEL = next(iter(ModelName))

Layer = Annotated[
    str | None, typer.Option(help="Layer of the file that holds the expression. Default: X.")
]
SpatialKey = Annotated[
    str, typer.Option(help="Name of the coordinates in the file's obsm.", show_default=True)
]
SampleKey = Annotated[
    str | None,
    typer.Option(help="Column of obs that names the section of a cell, if there are several."),
]
CoordinateSystem = Annotated[
    str | None,
    typer.Option(
        help="Coordinate system of a SpatialData store. Default: micrometers, or the only one."
    ),
]
Model = Annotated[
    ModelName,
    typer.Option(
        "--model",
        help=" ".join(f"{name}: {entry.description}." for name, entry in OF_ONE_REFERENCE.items()),
    ),
]
Seed = Annotated[int, typer.Option(help="Seed: the same seed gives the same result.")]
Epochs = Annotated[
    int | None, typer.Option(min=1, help="Passes over the data. Default: chosen by their number.")
]
NGenes = Annotated[
    int | None,
    typer.Option(
        "--n-genes",
        min=1,
        help="How many genes to learn from: those whose pattern follows the tissue most. Default: "
        "as many as cells of known place, at least 500 and at most 2,000.",
    ),
]
Genes = Annotated[
    list[str] | None,
    typer.Option(
        "--genes",
        help="Genes to impute, with commas between them; may be given several times. Default: at "
        "most 2,000 that the tissue lacks, those that vary most from cell to cell.",
    ),
]
Level = Annotated[
    float,
    typer.Option(min=0.01, max=0.99, help="Share of the cells whose value is in the interval."),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")]
