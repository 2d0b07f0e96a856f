"""The command line: the same jobs from a shell."""

from importlib.metadata import version as version_of
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from dpvae.cli.cells import read_cells
from dpvae.cli.files import (
    check_model_folder,
    check_output_file,
    check_output_folder,
    check_output_h5ad,
    write_h5ad,
)
from dpvae.cli.messages import only_warnings, plain_messages
from dpvae.cli.options import (
    FIRST_MODEL,
    KINDS,
    CoordinateSystem,
    Epochs,
    Genes,
    Layer,
    Level,
    Model,
    NGenes,
    Overwrite,
    SampleKey,
    Seed,
    SpatialKey,
)

app = typer.Typer(
    help="Give cells their place back: learn from spatial transcriptomics where cells sit in a "
    "tissue, and recover coordinates from gene expression alone.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
DEMO_FILES = ("result.h5ad", "reconstruction.png")
console = Console()


def _show_version(is_asked: bool) -> None:
    if is_asked:
        console.print(f"dpvae {version_of('dpvae')}", highlight=False)
        raise typer.Exit


@app.callback()
def _general(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    pass


@app.command()
def demo(
    data: Annotated[
        Path | None,
        typer.Option(help="Cells with coordinates. Default: a simulated tissue."),
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for result.h5ad and reconstruction.png.")
    ] = Path("dpvae_demo"),
    model: Model = FIRST_MODEL,
    layer: Layer = None,
    spatial_key: SpatialKey = "spatial",
    coordinate_system: CoordinateSystem = None,
    sample_key: SampleKey = None,
    n_genes: NGenes = None,
    epochs: Epochs = None,
    fast: Annotated[
        bool,
        typer.Option("--fast", help="Seconds, without training a network: --model surfaces."),
    ] = False,
    seed: Seed = 0,
    overwrite: Overwrite = False,
) -> None:
    """Hide one cell in five, recover their places, and compare with the truth.

    Prints a table of scores, with simple methods to compare, and writes result.h5ad and
    reconstruction.png.
    """
    with plain_messages():
        result_file, picture_file = (output / name for name in DEMO_FILES)
        check_output_folder(output, overwrite=True)
        if output.exists():
            for path in (result_file, picture_file):
                check_output_file(path, overwrite=overwrite, source=data)
        adata = None if data is None else read_cells(data, coordinate_system=coordinate_system)
        from dpvae import datasets, pl
        from dpvae.cli.demo import WITHOUT_TRAINING, run_demo
        from dpvae.cli.demo_report import report

        only_warnings()
        adata = datasets.simulated_tissue(seed=seed) if adata is None else adata
        console.print(f"{adata.n_obs} cells, {adata.n_vars} genes. One place in five is hidden …")
        result = run_demo(
            adata,
            model_name=WITHOUT_TRAINING if fast else model.value,
            layer=layer,
            spatial_key=spatial_key,
            sample_key=sample_key,
            n_genes=n_genes,
            epochs=epochs,
            seed=seed,
        )
        output.mkdir(parents=True, exist_ok=True)
        write_h5ad(result, result_file)
        hidden = result[result.obs["hidden"].to_numpy()]
        pl.reconstruction(hidden, spatial_key=spatial_key, save=picture_file)
        table, verdict = report(result, spatial_key=spatial_key, sample_key=sample_key)
        console.print(table)
        console.print(f"Wrote {result_file} and {picture_file}.")
        console.print(verdict, highlight=False)


@app.command()
def train(
    reference: Annotated[Path, typer.Argument(help=f"Cells with coordinates: {KINDS}.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder that the model is written to.")
    ],
    query: Annotated[
        Path | None,
        typer.Option(
            help="The cells that you will place: the model learns only from genes "
            "that they have as well."
        ),
    ] = None,
    model: Model = FIRST_MODEL,
    layer: Layer = None,
    spatial_key: SpatialKey = "spatial",
    coordinate_system: CoordinateSystem = None,
    sample_key: SampleKey = None,
    batch_key: Annotated[
        str | None, typer.Option(help="Column of obs that names the technical batch.")
    ] = None,
    n_genes: NGenes = None,
    epochs: Epochs = None,
    seed: Seed = 0,
    overwrite: Overwrite = False,
) -> None:
    """Train a model on a reference with coordinates."""
    with plain_messages():
        check_output_folder(output, overwrite=overwrite)
        adata = read_cells(reference, coordinate_system=coordinate_system)
        from dpvae.cli.jobs import shared_genes, train_model
        from dpvae.cli.two_files import check_order, warn_if_same

        only_warnings()

        if query is not None:
            to_place = read_cells(query, needs_places=False)
            remedy = f"dpvae train {query} --query {reference}."
            check_order(adata, to_place, spatial_key, remedy)
            warn_if_same(adata, to_place)
            adata = shared_genes(adata, to_place)
        trained = train_model(
            adata,
            model_name=model.value,
            layer=layer,
            spatial_key=spatial_key,
            sample_key=sample_key,
            batch_key=batch_key,
            n_genes=n_genes,
            epochs=epochs,
            seed=seed,
        )
        trained.save(str(output), overwrite=overwrite)
        console.print(
            f"Genes learned from: {trained.adata.n_vars:,}. Wrote the model to {output}. "
            f"Next: dpvae predict {output} QUERY.h5ad -o PLACED.h5ad",
            highlight=False,
        )


@app.command()
def predict(
    model: Annotated[Path, typer.Argument(help="Folder that dpvae train wrote.")],
    query: Annotated[Path, typer.Argument(help=f"Cells to place: {KINDS}.")],
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
    posterior: Annotated[
        bool,
        typer.Option(
            "--posterior",
            help="Add all places where each cell could be: obsm['spatial_posterior_second_mode'], "
            "obs['spatial_posterior_radius_90'] and more. About 10 kB of memory a cell.",
        ),
    ] = False,
    allow_pickle: Annotated[
        bool,
        typer.Option(
            "--allow-pickle",
            help="Read a model that is a pickle, which can run any code: only if you trust where "
            "it comes from.",
        ),
    ] = False,
    overwrite: Overwrite = False,
) -> None:
    """Place cells that have no coordinates, in the frame and unit of the reference.

    Writes the query with the coordinates in obsm["spatial_dpvae"] and the latent representation
    in obsm["X_dpvae"]. A model from others cannot run code, unless you give --allow-pickle.
    """
    with plain_messages():
        check_model_folder(model, query)
        check_output_h5ad(output, overwrite=overwrite, sources=[query])
        adata = read_cells(query, needs_places=False)
        from dpvae.cli.jobs import count_of_placed, place_query

        only_warnings()

        placed = place_query(
            model,
            adata,
            section=section,
            add_missing_genes=add_missing_genes,
            allow_mostly_missing=allow_mostly_missing,
            allow_pickle=allow_pickle,
            posterior=posterior,
        )
        write_h5ad(placed, output)
        console.print(f"{count_of_placed(placed)} Wrote {output}.", highlight=False)


@app.command("impute-genes")
def impute_genes(
    cells: Annotated[
        Path, typer.Argument(help=f"Dissociated cells, which have all genes: {KINDS}.")
    ],
    tissue: Annotated[Path, typer.Argument(help="Imaged tissue, which has places: the same.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="h5ad file to write.")],
    genes: Genes = None,
    level: Level = 0.9,
    layer: Layer = None,
    spatial_key: SpatialKey = "spatial",
    coordinate_system: CoordinateSystem = None,
    sample_key: SampleKey = None,
    epochs: Epochs = None,
    seed: Seed = 0,
    overwrite: Overwrite = False,
) -> None:
    """Impute genes that were never imaged at the cells of a tissue, from dissociated cells.

    Trains DPVGAE on both. Writes the expected expression of each gene at each cell of known place,
    an interval in layers["lower"] and layers["upper"], and in var["expected_correlation"] how far
    to trust each gene.
    """
    with plain_messages():
        check_output_h5ad(output, overwrite=overwrite, sources=[cells, tissue])
        of_cells = read_cells(cells, needs_places=False)
        of_tissue = read_cells(tissue, coordinate_system=coordinate_system)
        from dpvae.cli.imputation import impute, names_in, prepared_pair, trust
        from dpvae.cli.two_files import check_order

        only_warnings()

        remedy = f"dpvae impute-genes {tissue} {cells}."
        check_order(of_tissue, of_cells, spatial_key, remedy)
        pair = prepared_pair(
            of_cells,
            of_tissue,
            names_in(genes),
            layer=layer,
            spatial_key=spatial_key,
            sample_key=sample_key,
        )
        console.print(pair.summary, highlight=False)
        found = impute(pair, level=level, epochs=epochs, seed=seed)
        write_h5ad(found, output)
        console.print(
            f"Imputed {found.n_vars:,} genes at {found.n_obs:,} cells. {trust(found)} "
            f"Wrote {output}.",
            highlight=False,
        )
