"""Loading of models, for data whose genes are matched by name."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, Self

import pandas as pd
from anndata import AnnData

from dpvae._data.section import section_names
from dpvae.geometry import check_coordinate_rows
from dpvae.model.atlas.completion import check_known_places
from dpvae.model.data.covariates import check_covariates
from dpvae.model.data.fields import check_n_dims, coordinates_state
from dpvae.model.files.directory import saved_class_name
from dpvae.model.query.align import (
    check_gene_order,
    check_genes,
    check_query_columns,
    section_column,
)


class GeneAlignedLoading:
    """Loads saved models and makes models of queries, and refuses genes that do not fit."""

    is_query_with_places_: bool
    registry_: dict[str, Any]
    _check_expression: Callable[[AnnData, str | None], None]

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
            If the genes of ``adata`` are others, or in another order; its size factors or
            covariates are not usable; or if the file of the model is damaged.
        """
        prefix = kwargs.get("prefix") or ""
        path = Path(dir_path)
        if not kwargs.get("backup_url"):
            saved_class_name(path, prefix)
        if adata is None and not (path / f"{prefix}adata.h5ad").exists():
            adata = False
        if adata and not prefix:
            check_gene_order(adata, cls._genes_of(adata, str(path)), cls.__name__)
            check_covariates(adata, cls._registry_of(str(path))["setup_args"])
        model: Self = super().load(str(path), adata=adata, **kwargs)  # type: ignore[misc]
        return model

    @classmethod
    def load_query_data(
        cls,
        adata: AnnData,
        reference_model: "str | Path | GeneAlignedLoading",
        *,
        inplace_subset_query_vars: bool = False,
        unfrozen: bool | None = None,
        **kwargs: Any,
    ) -> Self:
        """Make a model of a query that starts from a reference model (scArches).

        The reference's layout comes along, and weights for the query's batches are added. Where
        places of some of the query's cells are known (the others are rows of NaN in its
        coordinates), ``train`` fine-tunes the model on them: the other places are guessed from the
        reference and corrected by the known ones, then the network learns from both, in 300 steps.
        From then on ``predict_coordinates`` places cells in the frame of the query.

        Parameters
        ----------
        adata
            The query, with the genes of the reference in the same order
            (``prepare_query_anndata`` brings them into it, and adds those that are missing).
        reference_model
            The model or the directory it was saved to.
        inplace_subset_query_vars
            Whether the query itself is brought into the order of the reference's genes, without
            others.
        unfrozen
            Whether λ and what the networks learned may change in training. By default they may
            where places of the query are known.
        **kwargs
            See :meth:`scvi.model.SCVI.load_query_data`.

        Raises
        ------
        KeyError
            If a column of ``obs`` that the reference was set up with is missing.
        ValueError
            If genes are missing or in another order, values are not of the kind that the model
            takes, or places are known of fewer than three cells of a section (four in three
            dimensions), or of cells on one line. ``adata`` is unchanged then.
        """
        if adata.is_view:
            message = "The query is a view of another AnnData. Run query = query.copy() first."
            raise ValueError(message)
        if isinstance(reference_model, Path):
            reference_model = str(reference_model)
        if isinstance(reference_model, str):
            saved_class_name(reference_model)
        genes = cls._genes_of(adata, reference_model)
        if inplace_subset_query_vars:
            if adata.isbacked:
                message = (
                    "The query is on disk, where its genes cannot be brought into order in place: "
                    "run query = query.to_memory() first."
                )
                raise ValueError(message)
            check_genes(adata, genes, cls.__name__)
            cls._check_query(adata[:, genes], reference_model)
        else:
            check_gene_order(adata, genes, cls.__name__)
            cls._check_query(adata, reference_model)
        knows_places = cls._knows_places(adata, reference_model)
        kwargs["unfrozen"] = knows_places if unfrozen is None else unfrozen
        kwargs["inplace_subset_query_vars"] = inplace_subset_query_vars
        model: Self = super().load_query_data(adata, reference_model, **kwargs)  # type: ignore[misc]
        model.is_query_with_places_ = knows_places
        return model

    @classmethod
    def _registry_of(cls, model: "str | GeneAlignedLoading") -> dict[str, Any]:
        if isinstance(model, str):
            registry: dict[str, Any] = cls.load_registry(model)  # type: ignore[attr-defined]
            return registry
        return model.registry_

    @classmethod
    def _check_query(cls, adata: AnnData, model: "str | GeneAlignedLoading") -> None:
        """Raise where a query cannot be learned from, before anything is written into it."""
        registry = cls._registry_of(model)
        if adata.n_obs == 0:
            message = "The query has no cells: there is nothing to learn from."
            raise ValueError(message)
        cls._check_expression(adata, registry["setup_args"]["layer"])
        check_query_columns(adata, registry)
        check_covariates(adata, registry["setup_args"])

    @classmethod
    def _knows_places(cls, adata: AnnData, model: "str | GeneAlignedLoading") -> bool:
        """Whether places of a query are known; raise where they are too few to learn from."""
        registry = cls._registry_of(model)
        setup, n_dims = registry["setup_args"], int(coordinates_state(registry)["n_dims"])
        key = setup["spatial_key"]
        if key not in adata.obsm:
            return False
        name = f"adata.obsm[{key!r}]"
        coordinates = check_coordinate_rows(adata.obsm[key], name=name)
        check_n_dims(coordinates, n_dims, name)
        section = section_names(adata, section_column(setup))
        return check_known_places(coordinates, section, name, fewest=n_dims + 1)

    @classmethod
    def _genes_of(cls, adata: AnnData, model: "str | GeneAlignedLoading") -> pd.Index:
        genes: pd.Index = cls.prepare_query_anndata(  # type: ignore[attr-defined]
            adata, model, return_reference_var_names=True
        )
        return genes
