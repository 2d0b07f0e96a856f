"""Genes of the reference that a query lacks: named, and filled with zeros only on request."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, issparse

from dpvae._data.counted import counted
from dpvae._data.species import species_question
from dpvae._data.warn import warn_user

FEWEST_PRESENT = 0.5
WORTH_A_WARNING = 0.1
MOST_NAMED = 5
SHARED_ONLY = (
    "train the reference on the genes that both have, "
    "reference[:, reference.var_names.intersection(query.var_names)].copy()"
)
OTHER_NAMES = "dpvae.tl.match_genes(query, reference) shows whether some have another name"


def gene_columns(names: pd.Index, genes: pd.Index) -> NDArray[np.intp]:
    """Find the reference's genes in a query.

    Parameters
    ----------
    names
        Names of the query's genes.
    genes
        Names of the reference's genes.

    Returns
    -------
    Column of each of the reference's genes in the query, -1 if it has none.

    Raises
    ------
    ValueError
        If names of the query occur more than once, or no gene is shared.
    """
    if not names.is_unique:
        n_twice = int(names.duplicated().sum())
        occur = counted(n_twice, "gene name of the query occurs", "gene names of the query occur")
        message = f"{occur} more than once. Run query.var_names_make_unique()."
        raise ValueError(message)
    columns = np.asarray(names.get_indexer(genes), dtype=np.intp)
    if (columns < 0).all():
        theirs = f"like {names[0]!r}" if len(names) else "no gene at all"
        message = (
            f"The query has none of the reference's {len(genes)} genes. The reference names them "
            f"like {genes[0]!r}, the query {theirs}: bring query.var_names into the same "
            "form; dpvae.tl.match_genes(query, reference) proposes "
            f"how.{species_question(genes, names)}"
        )
        raise ValueError(message)
    return columns


def refuse_missing(missing: pd.Index, genes: pd.Index, model_name: str, *, names: pd.Index) -> None:
    """Raise if genes are missing, with what to do about it.

    Parameters
    ----------
    missing
        Names of the missing genes.
    genes
        Names of the reference's genes.
    model_name
        Name of the class of the model.
    names
        Names of the query's genes.
    """
    if not len(missing):
        return
    message = (
        f"The query lacks {len(missing)} of the reference's {len(genes)} genes "
        f"({_some(missing)}). Best {SHARED_ONLY}; {OTHER_NAMES}. The last resort, which makes "
        "places worse: run "
        f"dpvae.model.{model_name}.prepare_query_anndata(query, model), which adds them as zeros, "
        f"as if they were not expressed.{species_question(genes, names)}"
    )
    raise ValueError(message)


def check_own_genes(names: pd.Index, genes: pd.Index) -> None:
    """Raise if the cells that a model is loaded with lack genes that it was trained on."""
    missing = genes.difference(names, sort=False)
    if not len(missing):
        return
    message = (
        f"adata lacks {len(missing)} of the model's {len(genes)} genes ({_some(missing)}), so it "
        "is not what the model was trained on: give the cells of the training as adata, with the "
        "genes that were chosen then. To place other cells, load without adata and give them to "
        "model.predict_coordinates(query)."
    )
    raise ValueError(message)


def _some(names: pd.Index) -> str:
    return ", ".join(map(str, names[:MOST_NAMED])) + (", …" if len(names) > MOST_NAMED else "")


def with_zeros(values: Any, columns: NDArray[np.intp]) -> Any:
    """Bring expression into an order of genes, with zeros for genes that were not measured.

    Parameters
    ----------
    values
        Shape ``(n_cells, n_found)``, dense or sparse.
    columns
        Column of each gene, -1 if there is none, shape ``(n_genes,)``.
    """
    found = np.flatnonzero(columns >= 0)
    if issparse(values):
        one = np.ones(len(found), dtype=values.dtype)
        places = csr_matrix((one, (columns[found], found)), (values.shape[1], len(columns)))
        return csr_matrix(values) @ places
    filled = np.zeros((values.shape[0], len(columns)), dtype=values.dtype)
    filled[:, found] = values[:, columns[found]]
    return filled


def check_share_of_missing(names: pd.Index, genes: pd.Index, *, allow_mostly_missing: bool) -> None:
    """Raise if a query lacks most of the reference's genes; warn if it lacks many.

    Parameters
    ----------
    names
        Names of the query's genes.
    genes
        Names of the reference's genes.
    allow_mostly_missing
        Whether more than half of them may be missing.

    Warns
    -----
    UserWarning
        If more than 10 % are missing.
    """
    missing = genes[gene_columns(names, genes) < 0]
    share = len(missing) / len(genes)
    if share > 1 - FEWEST_PRESENT and not allow_mostly_missing:
        message = (
            f"The query has only {len(genes) - len(missing)} of the reference's {len(genes)} "
            f"genes ({100 * (1 - share):.0f} %). With zeros in all others its cells look "
            f"alike, and their places mean nothing. Instead {SHARED_ONLY}; {OTHER_NAMES}. If "
            "you want zeros all the same, pass allow_mostly_missing=True."
            f"{species_question(genes, names)}"
        )
        raise ValueError(message)
    if share > WORTH_A_WARNING:
        warn_user(
            f"{len(missing)} of the reference's {len(genes)} genes are not in the query and "
            "are filled with zeros, as if no cell expressed them: places get worse by that. "
            f"Better {SHARED_ONLY}."
        )
