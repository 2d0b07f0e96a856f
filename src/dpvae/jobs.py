"""Training and placement as the command line does them, on AnnData."""

from pathlib import Path
from typing import Any, Literal

import numpy as np
import scanpy as sc
import scvi
from anndata import AnnData
from numpy.typing import NDArray

from dpvae._expression import expression_of, holds_counts
from dpvae._keys import OBSM
from dpvae.model import DPSCVI, DPVAE, load
from dpvae.pp import spatially_variable_genes

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
        target_sum = median_depth(adata, layer) if holds_counts(adata, layer) else None
        adata = log_normalized(adata, layer, target_sum)
        DPVAE.setup_anndata(adata, layer=layer, **keys)
        model = DPVAE(adata)
        model.target_sum_ = target_sum
    model._next_step = ""
    model.train(max_epochs=epochs)
    return model


def shared_genes(reference: AnnData, query: AnnData) -> AnnData:
    """Give the reference with the genes that a query has as well.

    Raises
    ------
    ValueError
        If there are none.
    """
    is_shared = reference.var_names.isin(query.var_names)
    if not is_shared.any():
        message = (
            "The query has none of the reference's genes. The reference names them like "
            f"{reference.var_names[0]!r}, the query like {query.var_names[0]!r}: bring them into "
            "the same form."
        )
        raise ValueError(message)
    return reference if is_shared.all() else reference[:, is_shared].copy()


def chosen_genes(adata: AnnData, n_genes: int, **keys: Any) -> AnnData:
    """Give the reference with the genes whose pattern follows the tissue most.

    Parameters
    ----------
    adata
        The reference.
    n_genes
        How many genes to choose. All are kept if there are no more.
    **keys
        ``layer``, ``spatial_key`` and ``sample_key``, see
        :func:`dpvae.pp.spatially_variable_genes`.
    """
    if adata.n_vars <= n_genes:
        return adata
    table: Any = spatially_variable_genes(adata, n_top_genes=n_genes, copy=True, **keys)
    return adata[:, table["spatially_variable"].to_numpy()].copy()


def place_cells(
    model: DPVAE | DPSCVI, query: AnnData, *, section: str | None = None
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Latent representation and coordinates of a query, its counts normalised as in training."""
    layer = model.registry_["setup_args"]["layer"]
    if isinstance(model, DPVAE):
        known = query[:, query.var_names.isin(model.get_var_names())].copy()
        if known.n_vars and holds_counts(known, layer):
            query = log_normalized(known, layer, model.target_sum_)
    latent = model.get_latent_representation(query)
    return latent, model.predict_coordinates(query, section=section)


def place_query(
    model_path: Path, query: AnnData, *, section: str | None, add_missing_genes: bool
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
    """
    for key in (OBSM.latent, OBSM.reconstructed):
        if key in query.obsm:
            message = f"obsm[{key!r}] of the query would be overwritten: rename or delete it."
            raise ValueError(message)
    model = load(model_path)
    complete = (
        type(model).prepare_query_anndata(query, model, inplace=False)
        if add_missing_genes
        else query
    )
    latent, coordinates = place_cells(model, complete, section=section)
    query.obsm[OBSM.latent], query.obsm[OBSM.reconstructed] = latent, coordinates
    return query


def median_depth(adata: AnnData, layer: str | None) -> float:
    """Median number of counts of the cells that have any."""
    depth = np.asarray(expression_of(adata, layer).sum(axis=1)).ravel()
    return float(np.median(depth[depth > 0]))


def log_normalized(adata: AnnData, layer: str | None, target_sum: float | None) -> AnnData:
    """Normalise a copy of the cells; without a ``target_sum`` return the cells themselves."""
    if target_sum is None:
        return adata
    normalized = adata.copy()
    sc.pp.normalize_total(normalized, target_sum=target_sum, layer=layer)
    sc.pp.log1p(normalized, layer=layer)
    return normalized
