"""Loading of models, for data whose genes are matched by name."""

from pathlib import Path
from typing import Any, Literal, Self

import pandas as pd
from anndata import AnnData

from dpvae.model.directory import check_model_directory
from dpvae.model.query import check_gene_order


class GeneAlignedLoading:
    """Loads saved models and makes models of queries, and refuses genes that do not fit."""

    @classmethod
    def load(
        cls, dir_path: str | Path, adata: AnnData | Literal[False] | None = None, **kwargs: Any
    ) -> Self:
        """Load a saved model.

        A saved model is a pickle, which can run code: load only what you trust.

        Parameters
        ----------
        dir_path
            Directory that the model was saved to.
        adata
            The AnnData to attach, with the genes of the reference in the same order. Not needed
            to place queries: the model brings the reference's layout along.
        **kwargs
            See :meth:`scvi.model.SCVI.load`.

        Raises
        ------
        FileNotFoundError
            If the directory holds no model.
        ValueError
            If the genes of ``adata`` are others, or in another order.
        """
        prefix = kwargs.get("prefix") or ""
        path = Path(dir_path)
        if not kwargs.get("backup_url"):
            check_model_directory(path, prefix)
        if adata is None and not (path / f"{prefix}adata.h5ad").exists():
            adata = False
        if adata and not prefix:
            check_gene_order(adata, cls._genes_of(adata, str(path)), cls.__name__)
        model: Self = super().load(str(path), adata=adata, **kwargs)  # type: ignore[misc]
        return model

    @classmethod
    def load_query_data(
        cls, adata: AnnData, reference_model: "str | Path | GeneAlignedLoading", **kwargs: Any
    ) -> Self:
        """Make a model of a query that starts from a reference model (scArches).

        λ and what the encoder learned stay fixed unless ``unfrozen=True``; weights for the
        query's batches are added. The reference's layout comes along.

        Parameters
        ----------
        adata
            The query, with the genes of the reference in the same order
            (``prepare_query_anndata`` brings them into it).
        reference_model
            The model or the directory it was saved to.
        **kwargs
            See :meth:`scvi.model.SCVI.load_query_data`.

        Raises
        ------
        ValueError
            If genes are missing or in another order.
        """
        if isinstance(reference_model, Path):
            reference_model = str(reference_model)
        check_gene_order(adata, cls._genes_of(adata, reference_model), cls.__name__)
        model: Self = super().load_query_data(adata, reference_model, **kwargs)  # type: ignore[misc]
        return model

    @classmethod
    def _genes_of(cls, adata: AnnData, model: "str | GeneAlignedLoading") -> pd.Index:
        genes: pd.Index = cls.prepare_query_anndata(  # type: ignore[attr-defined]
            adata, model, return_reference_var_names=True
        )
        return genes
