"""The command line: the same jobs from a shell."""

import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

if TYPE_CHECKING:
    from anndata import AnnData

app = typer.Typer(
    help="Give cells their place back: learn from spatial transcriptomics where cells sit in a "
    "tissue, and recover coordinates from gene expression alone.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
PREPARE_QUERY = re.compile(r"run dpvae\.model\.\w+\.prepare_query_anndata\(query, model\)")
ARGUMENT = re.compile(r"\b(layer|spatial_key|sample_key|batch_key)=…")
console = Console()
errors = Console(stderr=True)


class ModelName(StrEnum):
    """The models, by the values that they take."""

    dpvae = "dpvae"
    dpscvi = "dpscvi"


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
Model = Annotated[
    ModelName,
    typer.Option(
        "--model",
        help="dpvae: log-normalised expression (counts are normalised for you). dpscvi: raw "
        "counts, through scVI.",
    ),
]
Seed = Annotated[int, typer.Option(help="Seed: the same seed gives the same result.")]
Epochs = Annotated[
    int | None, typer.Option(min=1, help="Passes over the data. Default: chosen by their number.")
]


@app.command()
def demo(
    data: Annotated[
        Path | None,
        typer.Option(help="An h5ad file with coordinates. Default: a simulated tissue."),
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for result.h5ad and reconstruction.png.")
    ] = Path(),
    model: Model = ModelName.dpvae,
    layer: Layer = None,
    spatial_key: SpatialKey = "spatial",
    sample_key: SampleKey = None,
    epochs: Epochs = None,
    seed: Seed = 0,
) -> None:
    """Hide one cell in five, recover their places, and compare with the truth.

    Prints a table of scores beside two simple baselines, and writes result.h5ad and
    reconstruction.png.
    """
    with _plain_errors():
        from dpvae import datasets, pl
        from dpvae.jobs import as_rich_table, run_demo

        _only_warnings()

        adata = datasets.simulated_tissue(seed=seed) if data is None else _read(data)
        output.mkdir(parents=True, exist_ok=True)
        console.print(f"{adata.n_obs} cells, {adata.n_vars} genes. One place in five is hidden …")
        result = run_demo(
            adata,
            model_name=model.value,
            layer=layer,
            spatial_key=spatial_key,
            sample_key=sample_key,
            epochs=epochs,
            seed=seed,
        )
        console.print(as_rich_table(result.uns["scores"]))
        _write(result, output / "result.h5ad")
        hidden = result[result.obs["hidden"].to_numpy()]
        pl.reconstruction(hidden, spatial_key=spatial_key, save=output / "reconstruction.png")
        console.print(f"Wrote {output / 'result.h5ad'} and {output / 'reconstruction.png'}.")


@app.command()
def train(
    reference: Annotated[Path, typer.Argument(help="h5ad file with coordinates.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder that the model is written to.")
    ],
    model: Model = ModelName.dpvae,
    layer: Layer = None,
    spatial_key: SpatialKey = "spatial",
    sample_key: SampleKey = None,
    batch_key: Annotated[
        str | None, typer.Option(help="Column of obs that names the technical batch.")
    ] = None,
    epochs: Epochs = None,
    seed: Seed = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the folder.")] = False,
) -> None:
    """Train a model on a reference with coordinates."""
    with _plain_errors():
        if output.exists() and not overwrite:
            message = f"{output} exists: choose another --output, or give --overwrite."
            raise FileExistsError(message)
        adata = _read(reference)
        from dpvae.jobs import train_model

        _only_warnings()

        trained = train_model(
            adata,
            model_name=model.value,
            layer=layer,
            spatial_key=spatial_key,
            sample_key=sample_key,
            batch_key=batch_key,
            epochs=epochs,
            seed=seed,
        )
        trained.save(str(output), overwrite=overwrite)
        console.print(f"Wrote the model to {output}.")


@app.command()
def predict(
    model: Annotated[Path, typer.Argument(help="Folder that dpvae train wrote.")],
    query: Annotated[Path, typer.Argument(help="h5ad file of the cells to place.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="h5ad file to write.")],
    section: Annotated[
        str | None,
        typer.Option(help="Section of the reference in whose frame the cells are placed."),
    ] = None,
    add_missing_genes: Annotated[
        bool,
        typer.Option(
            "--add-missing-genes", help="Take genes that the query lacks as not expressed."
        ),
    ] = False,
    allow_mostly_missing: Annotated[
        bool,
        typer.Option(
            "--allow-mostly-missing", help="Even if it lacks more than half of the genes."
        ),
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the output.")] = False,
) -> None:
    """Place cells that have no coordinates, in the frame and unit of the reference.

    Writes the query with the coordinates in obsm["spatial_dpvae"] and the latent representation
    in obsm["X_dpvae"].
    """
    with _plain_errors():
        if output.exists() and not overwrite:
            message = f"{output} exists: choose another --output, or give --overwrite."
            raise FileExistsError(message)
        adata = _read(query)
        from dpvae.jobs import place_query

        _only_warnings()

        placed = place_query(
            model,
            adata,
            section=section,
            add_missing_genes=add_missing_genes,
            allow_mostly_missing=allow_mostly_missing,
        )
        _write(placed, output)
        console.print(f"Placed {adata.n_obs} cells. Wrote {output}.")


@contextmanager
def _plain_errors() -> Iterator[None]:
    """End with a message and exit code 1, instead of a traceback, where the input is at fault."""
    try:
        yield
    except (ValueError, KeyError, RuntimeError, OSError) as error:
        message = error.args[0] if isinstance(error, KeyError) and error.args else error
        errors.print("[bold red]Error:[/]", escape(_for_the_shell(str(message))), highlight=False)
        sys.exit(1)


def _for_the_shell(message: str) -> str:
    """Say as options what a message advises as Python."""
    message = PREPARE_QUERY.sub("give --add-missing-genes", message)
    message = message.replace("pass allow_mostly_missing=True", "give --allow-mostly-missing")
    return ARGUMENT.sub(lambda found: "--" + found[1].replace("_", "-"), message)


def _only_warnings() -> None:
    """Silence what the libraries tell developers; they set their own levels when imported."""
    for name in ("lightning.pytorch", "lightning.fabric", "scvi"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _read(path: Path) -> "AnnData":
    import anndata

    if not path.exists():
        message = f"There is no file {path}."
        raise FileNotFoundError(message)
    try:
        return anndata.read_h5ad(path)
    except (OSError, KeyError) as error:
        message = f"{path} cannot be read as an h5ad file; it may be another format or damaged."
        raise ValueError(message) from error


def _write(adata: "AnnData", path: Path) -> None:
    partial = path.with_name(f".{path.name}.partial")
    try:
        adata.write_h5ad(partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
