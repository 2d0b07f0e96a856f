"""A query brought into the form of the reference: the same genes, the same columns of obs."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray

from dpvae._data.expression import expression_of
from dpvae._data.names import as_text
from dpvae._data.section import check_column
from dpvae.model.data.covariates import check_covariates
from dpvae.model.data.setup import Setup
from dpvae.model.query.missing_genes import gene_columns, refuse_missing, with_zeros

UNNAMED = "query"

Change = Callable[[Any], Any]


def align_query(adata: AnnData, setup: Setup, *, fill_covariates: bool) -> AnnData:
    """Copy of what a model reads of a query, genes in the order of the reference.

    The query itself is left as it is. Its coordinates are not read, whatever they hold.

    Parameters
    ----------
    adata
        The query.
    setup
        How the model was set up.
    fill_covariates
        Whether batches and other covariates may be missing or unknown to the reference: right
        where only the encoder is used and does not read them. If not, all columns come along, by
        which expression can be compared.

    Raises
    ------
    KeyError
        If a covariate is missing.
    ValueError
        If there are no cells, genes are missing, or values of a column are.
    """
    if adata.n_obs == 0:
        message = "The query has no cells: there is nothing to place."
        raise ValueError(message)
    columns = gene_columns(adata.var_names, setup.genes)
    missing = columns < 0
    technologies = setup.technologies
    needed = missing if technologies is None else missing & technologies.measured_in(adata)
    refuse_missing(setup.genes[needed], setup.genes, setup.model_name, names=adata.var_names)
    values = expression_of(adata, setup.layer)
    if missing.any():
        values = with_zeros(values, columns)
    elif not np.array_equal(columns, np.arange(adata.n_vars)):
        values = values[:, columns]
    return AnnData(
        X=values if setup.layer is None else None,
        layers={} if setup.layer is None else {setup.layer: values},
        obs=_columns(adata, setup, fill_covariates=fill_covariates),
        var=pd.DataFrame(index=setup.genes),
    )


def change_expression(query: AnnData, layer: str | None, change: Change) -> None:
    """Change the values that a model reads of the copy of a query."""
    values = expression_of(query, layer)
    changed = change(values)
    if changed is values:
        return
    if layer is None:
        query.X = changed
    else:
        query.layers[layer] = changed


def check_gene_order(adata: AnnData, genes: pd.Index, model_name: str) -> None:
    """Raise if an AnnData does not have exactly the reference's genes in the same order."""
    check_genes(adata, genes, model_name)
    if not adata.var_names.equals(genes):
        message = (
            "adata has the reference's genes, but in another order or with further genes. Run "
            f"dpvae.model.{model_name}.prepare_query_anndata(adata, model), which brings adata "
            "itself into the reference's order. (predict_coordinates and "
            "get_latent_representation need no such step: they match genes by name.)"
        )
        raise ValueError(message)


def check_genes(adata: AnnData, genes: pd.Index, model_name: str) -> NDArray[np.intp]:
    """Raise if genes of the reference are missing; give the column of each of them."""
    columns = gene_columns(adata.var_names, genes)
    refuse_missing(genes[columns < 0], genes, model_name, names=adata.var_names)
    return columns


def _columns(adata: AnnData, setup: Setup, *, fill_covariates: bool) -> pd.DataFrame:
    obs = pd.DataFrame(index=adata.obs_names) if fill_covariates else adata.obs.copy()
    section_key = setup.section_key
    if section_key is not None:
        if section_key in adata.obs:
            check_column(adata, section_key, name="query")
        obs[section_key] = _as_categories(adata, section_key, setup.sections)
    if setup.technologies is not None:
        names, codes = setup.technologies.names, setup.technologies.codes(adata)
        obs[setup.technologies.key] = pd.Categorical(names[codes], categories=names)
    for key, known in setup.categories.items():
        if not fill_covariates:
            _check_covariate(adata, key, known)
        if known is not None:
            obs[key] = _as_categories(adata, key, known)
        else:
            obs[key] = 1.0 if fill_covariates else adata.obs[key]
    if not fill_covariates:
        check_covariates(adata, setup.arguments, name="query")
    return obs.set_axis(obs.index.astype(str))


def _as_categories(adata: AnnData, key: str, known: NDArray[Any]) -> pd.Series:
    """Give the values of a column as categories of the reference, by their text.

    Values that the reference does not have become new categories of its type, since categories are
    sorted together; so does the one of all cells if there is no such column.
    """
    of_text = dict(zip(as_text(pd.Series(known)), known, strict=True))
    unnamed = UNNAMED
    while unnamed in of_text:
        unnamed += "_"
    column = adata.obs.get(key)
    texts = column if isinstance(column, pd.Series) else pd.Series(unnamed, adata.obs_names)
    texts = as_text(texts) if texts.notna().all() else _filled(texts, unnamed)
    new = sorted(set(texts) - set(of_text))
    if all(isinstance(category, str) for category in known):
        of_text |= {text: text for text in new}
    else:
        of_text |= {text: max(known) + 1 + number for number, text in enumerate(new)}
    return texts.map(of_text)


def _filled(column: pd.Series, unnamed: str) -> pd.Series:
    missing = column.isna()
    return as_text(column[~missing]).reindex(column.index, fill_value=unnamed)


def check_query_columns(adata: AnnData, setup: Setup) -> None:
    """Raise if a column that the reference was set up with is missing or of another type."""
    columns = dict(setup.categories)
    if setup.section_key is not None:
        columns[setup.section_key] = setup.sections
    for key, known in columns.items():
        check_column(adata, key)
        if known is None:
            continue
        theirs, own = type(known[0]).__name__, type(adata.obs[key].iloc[0]).__name__
        if isinstance(known[0], str) != isinstance(adata.obs[key].iloc[0], str):
            message = (
                f"adata.obs[{key!r}] holds values of type {own}, the reference's column {theirs}: "
                f"bring them into one type, such as adata.obs[{key!r}].astype({theirs})."
            )
            raise ValueError(message)


def _check_covariate(adata: AnnData, key: str, known: NDArray[Any] | None) -> None:
    if key not in adata.obs:
        message = (
            f"The query has no adata.obs[{key!r}], which the reference was set up with: add it."
        )
        raise KeyError(message)
    if not isinstance(adata.obs[key], pd.Series):
        check_column(adata, key, name="query")
    new = [] if known is None else sorted({*as_text(adata.obs[key])} - {*as_text(pd.Series(known))})
    if not new:
        return
    message = (
        f"adata.obs[{key!r}] of the query has values that the reference did not have: {new}. Use "
        "load_query_data and train on the query to add them to the model."
    )
    raise ValueError(message)
