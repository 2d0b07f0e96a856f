"""Genes of the reference that a query lacks: named, and filled with zeros only if asked for."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray

from dpvae._data.arguments import check_is_anndata

FEWEST_PRESENT = 0.5
WORTH_A_WARNING = 0.1
MOST_NAMED = 5
SHARED_ONLY = (
    "train the reference on the genes that both have, "
    "reference[:, reference.var_names.intersection(query.var_names)].copy()"
)
OTHER_NAMES = (
    "dpvae.tl.match_genes(query, model.get_var_names()) shows whether some have another name"
)


def gene_columns(names: pd.Index, genes: pd.Index) -> NDArray[np.intp]:
    """Find the reference's genes among those of a query.

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
        message = (
            f"{int(names.duplicated().sum())} gene names of the query occur more than once. Run "
            "query.var_names_make_unique()."
        )
        raise ValueError(message)
    columns = np.asarray(names.get_indexer(genes), dtype=np.intp)
    if (columns < 0).all():
        theirs = f"like {names[0]!r}" if len(names) else "no gene at all"
        message = (
            f"The query has none of the reference's {len(genes)} genes. The reference names them "
            f"like {genes[0]!r}, the query {theirs}: bring query.var_names into the same "
            "form; dpvae.tl.match_genes(query, model.get_var_names()) proposes how."
        )
        raise ValueError(message)
    return columns


def refuse_missing(missing: pd.Index, genes: pd.Index, model_name: str) -> None:
    """Raise if genes are missing, with what to do about it.

    Parameters
    ----------
    missing
        Names of the missing genes.
    genes
        Names of the reference's genes.
    model_name
        Name of the class of the model.
    """
    if not len(missing):
        return
    some = ", ".join(map(str, missing[:MOST_NAMED])) + (", …" if len(missing) > MOST_NAMED else "")
    message = (
        f"The query lacks {len(missing)} of the reference's {len(genes)} genes ({some}). Best "
        f"{SHARED_ONLY}; {OTHER_NAMES}. The last resort, which makes places worse: run "
        f"dpvae.model.{model_name}.prepare_query_anndata(query, model), which adds them as zeros, "
        "as if they were not expressed."
    )
    raise ValueError(message)


class MissingGenes:
    """Fills genes that a query lacks with zeros, and says what that costs."""

    @classmethod
    def prepare_query_anndata(
        cls,
        adata: AnnData,
        reference_model: Any,
        return_reference_var_names: bool = False,  # noqa: FBT001, FBT002
        inplace: bool = True,  # noqa: FBT001, FBT002
        *,
        allow_mostly_missing: bool = False,
    ) -> AnnData | pd.Index | None:
        """Bring a query's genes into the order of the reference; fill missing ones with zeros.

        A gene that is filled with zeros looks as if no cell expressed it, which moves places away
        from the truth. To train the reference on the genes that both have is better.

        Parameters
        ----------
        adata
            The query. ``setup_anndata`` need not have been run on it.
        reference_model
            The model, or the directory it was saved to.
        return_reference_var_names
            Whether to give only the names of the reference's genes.
        inplace
            Whether ``adata`` itself is changed, or a new AnnData returned.
        allow_mostly_missing
            Whether a query may lack more than half of the reference's genes. By default it is
            refused: where most genes are zeros in all cells, all cells look alike, and their
            places mean nothing.

        Returns
        -------
        The query if it is not changed itself; the names if those are asked for.

        Raises
        ------
        ValueError
            If names of genes occur more than once, no gene is shared, or fewer than half of the
            reference's genes are. ``adata`` is unchanged then.

        Warns
        -----
        UserWarning
            If more than 10 % of the reference's genes are filled with zeros.

        Examples
        --------
        >>> import logging
        >>> import scanpy as sc
        >>> from dpvae.datasets import simulated_tissue
        >>> from dpvae.model import DPVAE
        >>> adata = simulated_tissue(200, 50)
        >>> sc.pp.normalize_total(adata)
        >>> sc.pp.log1p(adata)
        >>> DPVAE.setup_anndata(adata)
        >>> model = DPVAE(adata)
        >>> logging.getLogger("scvi").setLevel(logging.WARNING)
        >>> query = adata[:20, :48].copy()
        >>> DPVAE.prepare_query_anndata(query, model)
        >>> query.shape
        (20, 50)
        """
        prepare = super().prepare_query_anndata  # type: ignore[misc]
        check_is_anndata(adata)
        if isinstance(reference_model, Path):
            reference_model = str(reference_model)
        genes: pd.Index = prepare(adata, reference_model, return_reference_var_names=True)
        if return_reference_var_names:
            return genes
        missing = genes[gene_columns(adata.var_names, genes) < 0]
        share = len(missing) / len(genes)
        if share > 1 - FEWEST_PRESENT and not allow_mostly_missing:
            message = (
                f"The query has only {len(genes) - len(missing)} of the reference's {len(genes)} "
                f"genes ({100 * (1 - share):.0f} %). With zeros in all others its cells look "
                f"alike, and their places mean nothing. Instead {SHARED_ONLY}; {OTHER_NAMES}. If "
                "you want zeros all the same, pass allow_mostly_missing=True."
            )
            raise ValueError(message)
        if share > WORTH_A_WARNING:
            message = (
                f"{len(missing)} of the reference's {len(genes)} genes are not in the query and "
                "are filled with zeros, as if no cell expressed them: places get worse by that. "
                f"Better {SHARED_ONLY}."
            )
            warnings.warn(message, UserWarning, stacklevel=2)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Query data contains less than")
            prepared: AnnData | None = prepare(adata, reference_model, inplace=inplace)
        return prepared
