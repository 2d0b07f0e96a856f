"""Training and placement as the command line does them, on AnnData."""

import warnings
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import scvi
from anndata import AnnData
from numpy.typing import NDArray

from dpvae._data.expression import expression_of, holds_counts
from dpvae._data.species import species_question
from dpvae._data.warn import warn_user
from dpvae._keys import OBSM, UNIT, params_key
from dpvae._models import MODELS
from dpvae.cli.kept_warnings import kept_warnings
from dpvae.cli.normalization import log_normalized, typical_counts
from dpvae.cli.query_posterior import add_posterior
from dpvae.cli.two_files import warn_if_learned_from
from dpvae.geometry import known_rows
from dpvae.model import load
from dpvae.model.base import SpatialModel
from dpvae.pp import spatially_variable_genes

FEWEST_PRESENT = 0.5
WARNINGS = "warnings"


def train_model(
    adata: AnnData,
    *,
    model_name: str,
    layer: str | None = None,
    n_genes: int | None = None,
    epochs: int | None = None,
    seed: int = 0,
    **keys: Any,
) -> SpatialModel:
    """Train a model on a reference, of whose genes some are chosen.

    For a model of log-normalised expression counts are normalised first.

    Parameters
    ----------
    adata
        The reference.
    model_name
        Its name in the table of models, such as ``"dpvae"``.
    layer
        Layer with the expression.
    n_genes
        How many genes to choose; see :func:`chosen_genes`.
    epochs
        Passes over the data.
    seed
        Seed of everything random.
    **keys
        ``spatial_key``, ``sample_key`` and ``batch_key``, as of ``setup_anndata``.
    """
    model_class: type[SpatialModel] = MODELS[model_name].load()
    if epochs is not None and not model_class.has_network:
        message = f"{model_class.__name__} takes no passes over the data: --epochs has no effect."
        warnings.warn(message, UserWarning, stacklevel=2)
    counts = None
    if not model_class.values.are_counts and holds_counts(adata, layer):
        counts = typical_counts(adata, layer)
        adata = log_normalized(adata, layer, counts)
    adata = chosen_genes(adata, n_genes, layer=layer, **keys)
    seen = has_genes(adata, layer, adata.var_names)
    if not seen.all():
        _warn_of_empty(seen, "has none of the chosen genes and is left out")
        adata = adata[seen].copy()
    scvi.settings.seed = seed
    model_class.setup_anndata(adata, layer=layer, **keys)
    model = model_class(adata)
    model.target_counts_ = counts
    model._next_step = ""
    model.train(max_epochs=epochs)
    return model


def shared_genes(reference: AnnData, query: AnnData) -> AnnData:
    """Give the reference with the genes that a query has as well.

    Warns
    -----
    UserWarning
        If fewer than half of the genes are shared, and names look like those of two species.

    Raises
    ------
    ValueError
        If there are none.
    """
    is_shared = reference.var_names.isin(query.var_names)
    question = species_question(reference.var_names, query.var_names)
    if not is_shared.any():
        ours = "".join(reference.var_names[:1])
        theirs = f"like {query.var_names[0]!r}" if query.n_vars else "no gene at all"
        message = (
            f"The query has none of the reference's {reference.n_vars} genes. The reference names "
            f"them like {ours!r}, the query {theirs}: bring query.var_names "
            "into the same form; dpvae.tl.match_genes(query, reference) in Python proposes "
            f"how.{question}"
        )
        raise ValueError(message)
    if question and is_shared.mean() < FEWEST_PRESENT:
        warn_user(
            f"The query has only {is_shared.sum()} of the reference's {reference.n_vars} "
            f"genes.{question}"
        )
    return reference if is_shared.all() else reference[:, is_shared].copy()


def chosen_genes(
    adata: AnnData,
    n_genes: int | None = None,
    *,
    layer: str | None = None,
    spatial_key: str = OBSM.spatial,
    sample_key: str | None = None,
    batch_key: str | None = None,
) -> AnnData:
    """Give the reference with the genes whose pattern follows the tissue most.

    Parameters
    ----------
    adata
        The reference.
    n_genes
        How many genes to choose. All are kept if there are no more. By default as many as
        :func:`dpvae.pp.spatially_variable_genes` chooses.
    layer, spatial_key, sample_key, batch_key
        As of ``setup_anndata``.
    """
    if n_genes is not None and adata.n_vars <= n_genes:
        return adata
    table: Any = spatially_variable_genes(
        adata,
        n_top_genes=n_genes,
        spatial_key=spatial_key,
        sample_key=sample_key or batch_key,
        layer=layer,
        copy=True,
    )
    is_chosen = table["spatially_variable"].to_numpy()
    return adata if is_chosen.all() else adata[:, is_chosen].copy()


def has_genes(adata: AnnData, layer: str | None, genes: Collection[str]) -> NDArray[np.bool_]:
    """Find the cells in which any of these genes was seen; all cells if none was measured."""
    of_model = adata.var_names.isin(list(genes))
    if not of_model.any():
        return np.ones(adata.n_obs, dtype=bool)
    n_seen = (expression_of(adata, layer)[:, of_model] != 0).sum(axis=1)
    return np.asarray(n_seen).ravel() > 0


def place_cells(
    model: SpatialModel, query: AnnData
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Latent representation and coordinates of a query, its counts normalised as in training.

    Cells that have none of the model's genes get rows of NaN.
    """
    cells, seen = prepared_query(model, query)
    latent = model.get_latent_representation(cells)
    return with_gaps(latent, seen), with_gaps(model.predict_coordinates(cells), seen)


def prepared_query(
    model: SpatialModel,
    query: AnnData,
    *,
    add_missing_genes: bool = False,
    allow_mostly_missing: bool = False,
) -> tuple[AnnData, NDArray[np.bool_]]:
    """Bring a query into the form in which a model takes it.

    Returns
    -------
    The cells in which genes of the model were seen, their counts normalised as in training; and
    which cells of the query these are, shape ``(n_cells,)``.
    """
    layer, counts = model.setup.layer, model.target_counts_
    if counts is not None and holds_counts(query, layer):
        query = log_normalized(query, layer, counts)
    if add_missing_genes:
        query = type(model).prepare_query_anndata(
            query, model, inplace=False, allow_mostly_missing=allow_mostly_missing
        )
    seen = has_genes(query, layer, model.get_var_names())
    if not seen.any() and len(seen):
        message = "No cell of the query has any of the model's genes: there is nothing to place."
        raise ValueError(message)
    if not seen.all():
        _warn_of_empty(seen, "has none of the model's genes and gets no place, but NaN")
        query = query[seen].copy()
    return query, seen


def place_query(
    model_path: Path,
    query: AnnData,
    *,
    section: str | None,
    add_missing_genes: bool,
    allow_mostly_missing: bool = False,
    allow_pickle: bool = False,
    posterior: bool = False,
) -> AnnData:
    """Add coordinates and latent representation to a query, by a saved model.

    Warnings stay in the file, so that who opens it later knows of them.

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
    allow_pickle
        Whether the model may be a pickle, which can run any code.
    posterior
        Whether to add what is known of all places where each cell could be.
    """
    for key in (OBSM.latent, OBSM.reconstructed, *[OBSM.posterior] * posterior):
        if key in query.obsm:
            message = f"obsm[{key!r}] of the query would be overwritten: rename or delete it."
            raise ValueError(message)
    model = load(model_path, allow_pickle=allow_pickle)
    with kept_warnings() as kept:
        cells, seen = prepared_query(
            model,
            query,
            add_missing_genes=add_missing_genes,
            allow_mostly_missing=allow_mostly_missing,
        )
        latent = model.get_latent_representation(cells)
        places = model.predict_coordinates(cells, section=section)
        if model.atlas_ is not None:
            warn_if_learned_from(latent, model.atlas_.layout.latent)
        if posterior:
            add_posterior(model, query, cells, seen, section)
    query.obsm[OBSM.latent] = with_gaps(latent, seen)
    query.obsm[OBSM.reconstructed] = with_gaps(places, seen)
    query.uns.pop(params_key(OBSM.reconstructed), None)  # of an earlier run
    unit = {} if model.setup.unit_name is None else {UNIT: model.setup.unit_name}
    params = unit | ({WARNINGS: np.array(kept, dtype=object)} if kept else {})
    if params:
        query.uns[params_key(OBSM.reconstructed)] = params
    return query


def count_of_placed(placed: AnnData) -> str:
    """Say how many cells of a query got a place, and how many did not."""
    has_place = known_rows(placed.obsm[OBSM.reconstructed])
    n_placed, n_gaps = int(has_place.sum()), int((~has_place).sum())
    if n_gaps == 0:
        return f"Cells placed: {n_placed:,}."
    return (
        f"Cells placed: {n_placed:,} of {len(has_place):,}. The other {n_gaps:,} have none of the "
        "model's genes, and NaN as their place."
    )


def with_gaps(values: NDArray[Any], seen: NDArray[np.bool_]) -> NDArray[Any]:
    """Rows of the cells that were seen, and rows of NaN for the others."""
    complete = np.full((len(seen), values.shape[1]), np.nan, dtype=values.dtype)
    complete[seen] = values
    return complete


def _warn_of_empty(seen: NDArray[np.bool_], what: str) -> None:
    n_empty = int((~seen).sum())
    which = "1 cell" if n_empty == 1 else f"Each of {n_empty} cells"
    warnings.warn(f"{which} of {len(seen)} {what}.", UserWarning, stacklevel=3)
