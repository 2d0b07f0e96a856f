"""Imputation as the command line does it, from two AnnData."""

import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import scanpy as sc
import scvi
from anndata import AnnData
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.utils.sparsefuncs import mean_variance_axis

from dpvae._data.expression import expression_of, holds_counts
from dpvae._keys import OBS, params_key
from dpvae.cli.jobs import has_genes
from dpvae.model import DPVGAE
from dpvae.tl import join

MOST_GENES = 2_000


class PreparedPair(NamedTuple):
    """Dissociated cells and tissue, joined.

    Parameters
    ----------
    joint
        Both, with the genes that are learned from.
    genes
        Names of the genes to impute.
    spatial_key
        Key of the coordinates.
    spatial_params
        What is known of the coordinates, such as their unit.
    summary
        Which genes were kept, in a sentence.
    """

    joint: AnnData
    genes: list[str]
    spatial_key: str
    spatial_params: dict[str, object] | None
    summary: str


def names_in(genes: Sequence[str] | None) -> list[str] | None:
    """Names of genes, of which each text may hold several with commas between them.

    Raises
    ------
    ValueError
        If there is text, but no name in it.
    """
    if not genes:
        return None
    names = [name.strip() for text in genes for name in text.split(",")]
    found = list(dict.fromkeys(name for name in names if name))
    if not found:
        message = "--genes names no gene: give names with commas between them, such as Gad1,Sox2."
        raise ValueError(message)
    return found


def prepared_pair(
    cells: AnnData,
    tissue: AnnData,
    genes: Sequence[str] | None = None,
    *,
    layer: str | None = None,
    spatial_key: str,
    sample_key: str | None = None,
) -> PreparedPair:
    """Choose genes and join cells and tissue.

    Of the dissociated cells are kept all genes that the tissue has as well, the 2,000 others that
    vary most, and those that are asked for. Cells in which no shared gene was seen are left out.

    Parameters
    ----------
    cells
        The dissociated cells.
    tissue
        The imaged tissue.
    genes
        Names of the genes to impute. By default all that are kept and that the tissue lacks.
    layer, spatial_key, sample_key
        As of :func:`dpvae.tl.join`.

    Raises
    ------
    KeyError
        If there is no such layer, coordinates or column.
    ValueError
        If no dissociated cell has one of the genes, there is none to impute, or the two cannot be
        joined.

    Warns
    -----
    UserWarning
        If cells are left out.
    """
    for adata, name in ((cells, "cells"), (tissue, "tissue")):
        expression_of(adata, layer, name=name)
    asked = list(genes or [])
    missing = [name for name in asked if name not in cells.var_names]
    if missing:
        message = (
            f"The dissociated cells have no gene {', '.join(map(repr, missing[:5]))} "
            f"({len(missing)} of {len(asked)}). They name genes like "
            f"{cells.var_names[:3].tolist()}: only genes that they have can be imputed."
        )
        raise ValueError(message)
    shared = cells.var_names.isin(tissue.var_names)
    if shared.all() and not asked:
        message = (
            f"The tissue has all {cells.n_vars} genes of the dissociated cells: there is none to "
            "impute. Name some with --genes, or give the cells with all of their genes."
        )
        raise ValueError(message)
    names = cells.var_names[shared]
    cells = _with_shared(cells, layer, names, "dissociated cells")
    tissue = _with_shared(tissue, layer, names, "cells of the tissue")
    variable = ~shared & most_variable(cells, layer, among=~shared)
    kept = shared | variable | cells.var_names.isin(asked)
    joint = join(
        cells[:, kept].copy(), tissue, layer=layer, spatial_key=spatial_key, sample_key=sample_key
    )
    is_left = ~joint.var_names.isin(tissue.var_names)
    parts = [
        f"{shared.sum():,} that the tissue has",
        f"the {variable.sum():,} others that vary most",
    ]
    further = int((kept & ~shared & ~variable).sum())
    parts += [f"{further:,} more that you asked for"] * bool(further)
    return PreparedPair(
        joint,
        asked or joint.var_names[is_left].tolist(),
        spatial_key,
        tissue.uns.get(params_key(spatial_key)),
        f"{cells.n_obs:,} dissociated cells, {tissue.n_obs:,} cells of the tissue. Of "
        f"{cells.n_vars:,} genes of the dissociated cells {kept.sum():,} are kept: "
        f"{', '.join(parts)}.",
    )


def impute(
    pair: PreparedPair, *, level: float = 0.9, epochs: int | None = None, seed: int = 0
) -> AnnData:
    """Train a joint model and impute genes, as :meth:`DPVGAE.get_imputed_expression` gives them.

    Parameters
    ----------
    pair
        Cells and tissue.
    level
        Share of the cells of a gene whose value is in the interval.
    epochs
        Passes over the data.
    seed
        Seed of everything random.
    """
    scvi.settings.seed = seed
    DPVGAE.setup_anndata(pair.joint, spatial_key=pair.spatial_key, sample_key=OBS.section)
    model = DPVGAE(pair.joint)
    model._next_step = ""
    model.train(max_epochs=epochs)
    found: AnnData = model.get_imputed_expression(pair.genes, level=level)
    if pair.spatial_params is not None:
        found.uns[params_key(pair.spatial_key)] = pair.spatial_params
    return found


def trust(imputed: AnnData) -> str:
    """Say in a sentence which correlation with the truth imputed genes can be expected to have."""
    expected = imputed.var["expected_correlation"].dropna()
    if expected.empty:
        return (
            "How well they agree with the truth is not known: dissociated cells do not foretell "
            "the genes that were put aside to find out."
        )
    return f"Their expected correlation with the truth is {expected.median():.2f} in the median."


def most_variable(
    cells: AnnData, layer: str | None, *, among: NDArray[np.bool_], n_top: int = MOST_GENES
) -> NDArray[np.bool_]:
    """Find the genes that vary most: of counts more than counting explains, of others in all.

    Parameters
    ----------
    cells
        The cells.
    layer
        Layer with the expression.
    among
        Which genes may be chosen, shape ``(n_genes,)``.
    n_top
        How many at most.

    Returns
    -------
    Shape ``(n_genes,)``.
    """
    if among.sum() <= n_top:
        return among.copy()
    expression = expression_of(cells, layer)
    if holds_counts(cells, layer):
        counts = AnnData(expression, var=pd.DataFrame(index=cells.var_names))
        table = sc.experimental.pp.highly_variable_genes(
            counts, flavor="pearson_residuals", n_top_genes=n_top, inplace=False
        )
        variance = table["residual_variances"].to_numpy()
    else:
        matrix = csr_matrix(expression, dtype=np.float64)
        variance = mean_variance_axis(matrix, axis=0)[1]
    candidates = np.flatnonzero(among)
    order = np.argsort(-np.nan_to_num(variance[candidates]), kind="stable")
    chosen = np.zeros(cells.n_vars, dtype=bool)
    chosen[candidates[order[:n_top]]] = True
    return chosen


def _with_shared(cells: AnnData, layer: str | None, shared: pd.Index, what: str) -> AnnData:
    seen = has_genes(cells, layer, shared)
    if seen.all():
        return cells
    if not seen.any():
        message = f"None of the {len(seen):,} {what} has any of the {len(shared):,} shared genes."
        raise ValueError(message)
    warnings.warn(
        f"{int((~seen).sum()):,} of {len(seen):,} {what} have none of the shared genes and are "
        "left out.",
        UserWarning,
        stacklevel=3,
    )
    return cells[seen].copy()
