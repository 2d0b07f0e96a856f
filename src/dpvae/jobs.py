"""The jobs of the command line, on AnnData."""

from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import scanpy as sc
import scvi
from anndata import AnnData
from numpy.typing import NDArray
from rich.table import Table
from scipy.sparse import issparse

from dpvae._expression import expression_of, holds_counts
from dpvae._keys import OBSM
from dpvae._section import cells_per_section, named_sections
from dpvae.geometry import check_coordinates, known_rows
from dpvae.held_out import BASELINES, Baseline, hide_places, score_table
from dpvae.model import DPSCVI, DPVAE, load
from dpvae.tl.coordinates import read_coordinates

ModelName = Literal["dpvae", "dpscvi"]


def train_model(
    adata: AnnData,
    *,
    model_name: ModelName,
    layer: str | None = None,
    epochs: int | None = None,
    seed: int = 0,
    **keys: Any,
) -> DPVAE | DPSCVI:
    """Train a model on a reference. For DPVAE counts are normalised first.

    Parameters
    ----------
    adata
        The reference.
    model_name
        ``"dpvae"`` or ``"dpscvi"``.
    layer
        Layer with the expression.
    epochs
        Passes over the data.
    seed
        Seed of everything random.
    **keys
        ``spatial_key``, ``sample_key`` and ``batch_key``, as of ``setup_anndata``.
    """
    scvi.settings.seed = seed
    if model_name == "dpscvi":
        DPSCVI.setup_anndata(adata, layer=layer, **keys)
        model: DPVAE | DPSCVI = DPSCVI(adata)
    else:
        target_sum = _median_depth(adata, layer) if holds_counts(adata, layer) else None
        adata = _log_normalized(adata, layer, target_sum)
        DPVAE.setup_anndata(adata, layer=layer, **keys)
        model = DPVAE(adata)
        model.target_sum_ = target_sum
    model.train(max_epochs=epochs)
    return model


def place_cells(
    model: DPVAE | DPSCVI, query: AnnData, *, section: str | None = None
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Latent representation and coordinates of a query, its counts normalised as in training."""
    layer = model.registry_["setup_args"]["layer"]
    if isinstance(model, DPVAE) and holds_counts(query, layer):
        query = _log_normalized(query, layer, model.target_sum_)
    latent = model.get_latent_representation(query)
    return latent, model.predict_coordinates(query, section=section)


def place_query(
    model_path: Path,
    query: AnnData,
    *,
    section: str | None,
    add_missing_genes: bool,
    allow_mostly_missing: bool = False,
) -> AnnData:
    """Add coordinates and latent representation to a query, by a saved model.

    Parameters
    ----------
    model_path
        Folder of the model.
    query
        The cells to place. It is written to.
    section
        Section of the reference in whose frame they are placed.
    add_missing_genes
        Whether genes that the query lacks are taken as not expressed.
    allow_mostly_missing
        Whether it may lack more than half of the reference's genes then.
    """
    model = load(model_path)
    for key in (OBSM.latent, OBSM.reconstructed):
        if key in query.obsm:
            message = f"obsm[{key!r}] of the query would be overwritten: rename or delete it."
            raise ValueError(message)
    complete = (
        type(model).prepare_query_anndata(
            query, model, inplace=False, allow_mostly_missing=allow_mostly_missing
        )
        if add_missing_genes
        else query
    )
    latent, coordinates = place_cells(model, complete, section=section)
    query.obsm[OBSM.latent], query.obsm[OBSM.reconstructed] = latent, coordinates
    return query


def run_demo(
    adata: AnnData,
    *,
    model_name: ModelName,
    layer: str | None,
    spatial_key: str,
    sample_key: str | None,
    epochs: int | None,
    seed: int,
) -> AnnData:
    """Hide one place in five, recover it, and score it beside two baselines.

    Parameters
    ----------
    adata
        Cells with coordinates.
    model_name, layer, spatial_key, sample_key, epochs, seed
        As in :func:`train_model`.

    Returns
    -------
    The cells of known place, with ``obs["hidden"]``, the recovered coordinates of the hidden ones
    in ``obsm["spatial_dpvae"]`` (the others keep their own), and ``uns["scores"]``.
    """
    true = read_coordinates(adata, spatial_key)
    check_coordinates(true, name=f"adata.obsm[{spatial_key!r}]")
    adata = adata[known_rows(true)].copy()
    true = true[known_rows(true)]
    reference, query = hide_places(adata, spatial_key=spatial_key, seed=seed)
    hidden = adata.obs_names.isin(query.obs_names)
    section = named_sections(adata, sample_key)
    expression = _dense_log_normalized(adata, layer)

    model = train_model(
        reference,
        model_name=model_name,
        layer=layer,
        epochs=epochs,
        seed=seed,
        spatial_key=spatial_key,
        sample_key=sample_key,
    )
    _, recovered = place_cells(model, query)
    places = {type(model).__name__: recovered}
    for name, baseline in BASELINES.items():
        places[name] = _by_section(baseline, expression, true, hidden, section)

    adata.obs["hidden"] = hidden
    adata.obsm[OBSM.reconstructed] = true.copy()
    adata.obsm[OBSM.reconstructed][hidden] = recovered
    adata.uns["scores"] = score_table(true[hidden], places, section[hidden])
    return adata


def as_rich_table(scores: pd.DataFrame) -> Table:
    """Lay scores out for a terminal."""
    table = Table(title="Hidden places recovered", caption=CAPTION, caption_justify="left")
    table.add_column("method")
    for score in scores.columns:
        table.add_column(score, justify="right")
    for method, row in scores.iterrows():
        table.add_row(str(method), *(f"{value:.3g}" for value in row))
    return table


CAPTION = (
    "Procrustes and stress: 0 is perfect, a Procrustes of 1 is chance. Spearman and overlap: 1 is "
    "perfect. Median error: in the unit of the coordinates. Spread: 1 is right, below 1 places "
    "are drawn to the centre."
)


def _by_section(
    baseline: Baseline,
    expression: NDArray[np.float32],
    coordinates: NDArray[np.float64],
    hidden: NDArray[np.bool_],
    section: NDArray[np.str_],
) -> NDArray[np.float64]:
    places = np.full_like(coordinates, np.nan)
    for _, cells in cells_per_section(section):
        known, sought = cells & ~hidden, cells & hidden
        places[sought] = baseline(expression[known], coordinates[known], expression[sought])
    return places[hidden]


def _median_depth(adata: AnnData, layer: str | None) -> float:
    depth = np.asarray(expression_of(adata, layer).sum(axis=1)).ravel()
    return float(np.median(depth[depth > 0]))


def _log_normalized(adata: AnnData, layer: str | None, target_sum: float | None) -> AnnData:
    """Normalise a copy of the cells; without a ``target_sum`` return the cells themselves."""
    if target_sum is None:
        return adata
    normalized = adata.copy()
    sc.pp.normalize_total(normalized, target_sum=target_sum, layer=layer)
    sc.pp.log1p(normalized, layer=layer)
    return normalized


def _dense_log_normalized(adata: AnnData, layer: str | None) -> NDArray[np.float32]:
    target_sum = _median_depth(adata, layer) if holds_counts(adata, layer) else None
    values = expression_of(_log_normalized(adata, layer, target_sum), layer)
    return np.asarray(values.toarray() if issparse(values) else values, dtype=np.float32)
