"""A model that is loaded from files, or started from another one."""

import warnings
from pathlib import Path
from typing import Any, Literal, Self

import pandas as pd
from anndata import AnnData

from dpvae._data.arguments import check_is_anndata
from dpvae._data.section import section_names
from dpvae.geometry import check_coordinate_rows
from dpvae.model.atlas.completion import check_known_places
from dpvae.model.data.covariates import check_covariates
from dpvae.model.data.fields import check_n_dims
from dpvae.model.data.setup import Setup
from dpvae.model.files.directory import saved_class_name
from dpvae.model.files.saving import WholeSaving
from dpvae.model.query.align import check_gene_order, check_genes, check_query_columns
from dpvae.model.query.encoding_model import EncodingModel
from dpvae.model.query.missing_genes import check_share_of_missing


class StoredModel(WholeSaving, EncodingModel):
    """Is saved, loaded and continued with a query, and refuses genes that do not fit."""

    is_query_with_places_: bool = False

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
            setup = cls._setup_of(str(path))
            check_gene_order(adata, setup.genes, cls.__name__)
            check_covariates(adata, setup.arguments)
        model: Self = super().load(str(path), adata=adata, **kwargs)
        return model

    @classmethod
    def load_query_data(
        cls,
        adata: AnnData,
        reference_model: "str | Path | StoredModel",
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
        setup = cls._setup_of(reference_model)
        if inplace_subset_query_vars:
            if adata.isbacked:
                message = (
                    "The query is on disk, where its genes cannot be brought into order in place: "
                    "run query = query.to_memory() first."
                )
                raise ValueError(message)
            check_genes(adata, setup.genes, cls.__name__)
            cls._check_query(adata[:, setup.genes], setup)
        else:
            check_gene_order(adata, setup.genes, cls.__name__)
            cls._check_query(adata, setup)
        knows_places = cls._knows_places(adata, setup)
        kwargs["unfrozen"] = knows_places if unfrozen is None else unfrozen
        kwargs["inplace_subset_query_vars"] = inplace_subset_query_vars
        model: Self = super().load_query_data(adata, reference_model, **kwargs)
        model.is_query_with_places_ = knows_places
        return model

    @classmethod
    def _setup_of(cls, model: "str | StoredModel") -> Setup:
        return Setup.of(cls.load_registry(model)) if isinstance(model, str) else model.setup

    @classmethod
    def _check_query(cls, adata: AnnData, setup: Setup) -> None:
        """Raise if a query cannot be learned from, before anything is written into it."""
        if adata.n_obs == 0:
            message = "The query has no cells: there is nothing to learn from."
            raise ValueError(message)
        cls.values.check(adata, setup.layer)
        check_query_columns(adata, setup)
        check_covariates(adata, setup.arguments)

    @classmethod
    def _knows_places(cls, adata: AnnData, setup: Setup) -> bool:
        """Whether places of a query are known; raise if they are too few to learn from."""
        key = setup.spatial_key
        if key not in adata.obsm:
            return False
        name = f"adata.obsm[{key!r}]"
        coordinates = check_coordinate_rows(adata.obsm[key], name=name)
        check_n_dims(coordinates, setup.n_dims, name)
        section = section_names(adata, setup.section_key)
        return check_known_places(coordinates, section, name, fewest=setup.n_dims + 1)

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
        check_is_anndata(adata)
        if isinstance(reference_model, Path):
            reference_model = str(reference_model)
        prepare = super().prepare_query_anndata
        genes: pd.Index = prepare(adata, reference_model, return_reference_var_names=True)
        if return_reference_var_names:
            return genes
        check_share_of_missing(adata.var_names, genes, allow_mostly_missing=allow_mostly_missing)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Query data contains less than")
            prepared: AnnData | None = prepare(adata, reference_model, inplace=inplace)
        return prepared
