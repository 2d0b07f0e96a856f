"""A model that is loaded from files, or started from another one."""

import warnings
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any, Literal, Self

import pandas as pd
from anndata import AnnData

from dpvae._data.arguments import check_is_anndata
from dpvae._data.section import section_names
from dpvae.geometry import check_coordinate_rows
from dpvae.model.atlas.completion import check_known_places, say_without_places
from dpvae.model.data.covariates import check_covariates
from dpvae.model.data.doubtful_reference import warn_if_filled
from dpvae.model.data.fields import check_n_dims
from dpvae.model.data.setup import Setup
from dpvae.model.files.directory import saved_cells
from dpvae.model.files.download import download_model
from dpvae.model.files.saved_model import SavedModel, read_model
from dpvae.model.files.saving import SavingModel
from dpvae.model.files.scvi_folder import scvi_folder
from dpvae.model.query.align import check_gene_order, check_genes, check_query_columns
from dpvae.model.query.missing_genes import check_own_genes, check_share_of_missing


class StoredModel(SavingModel):
    """Is saved, loaded and continued with a query, and refuses genes that do not fit."""

    is_query_with_places_: bool = False

    @classmethod
    def load(
        cls,
        dir_path: str | Path,
        adata: AnnData | Literal[False] | None = None,
        *,
        prefix: str | None = None,
        backup_url: str | None = None,
        allow_pickle: bool = False,
        **kwargs: Any,
    ) -> Self:
        """Load a saved model. Nothing in its file can run, unless a pickle is allowed.

        Parameters
        ----------
        dir_path
            Directory that the model was saved to.
        adata
            The AnnData to attach, with the genes of the reference in the same order. By default
            the one that was saved with the model, or none. Not needed to place queries: the model
            brings the reference's layout along.
        prefix
            Put in front of file names.
        backup_url
            Where the file is downloaded from if it is not there.
        allow_pickle
            Whether the pickle of scvi-tools is read if there is no other file. A pickle can run any
            code: allow it only if you trust where it comes from.
        **kwargs
            See :meth:`scvi.model.SCVI.load`.

        Raises
        ------
        FileNotFoundError
            If the directory holds no model.
        ValueError
            If the genes of ``adata`` are others, or in another order; its size factors or
            covariates are not usable; the file of the model is damaged, or holds another class;
            or it is a pickle and that is not allowed.
        """
        path, prefix = Path(dir_path), prefix or ""
        if backup_url:
            download_model(backup_url, path, prefix)
        saved = cls._read(path, prefix, allow_pickle=allow_pickle)
        cells = saved_cells(path, prefix) if adata is None else adata
        return cls.from_saved(saved, cells, **kwargs)

    @classmethod
    def from_saved(cls, saved: SavedModel, adata: AnnData | Literal[False], **kwargs: Any) -> Self:
        """Make a model of what was read, and attach cells; ``kwargs`` are those of :meth:`load`."""
        if adata:
            setup = Setup.of(saved.registry)
            check_own_genes(adata.var_names, setup.genes)
            check_gene_order(adata, setup.genes, cls.__name__)
            check_covariates(adata, setup.arguments)
        with scvi_folder(saved) as folder:
            model: Self = super().load(folder, adata=adata, **kwargs)
        return model

    @classmethod
    def _read(
        cls, dir_path: str | Path, prefix: str | None = None, *, allow_pickle: bool
    ) -> SavedModel:
        """Read a saved model of this class; raise if it is of another."""
        saved = read_model(dir_path, prefix, allow_pickle=allow_pickle)
        if saved.class_name != cls.__name__:
            message = (
                f"{dir_path} holds a {saved.class_name}, not a {cls.__name__}: load it with "
                "dpvae.model.load, which finds the class."
            )
            raise ValueError(message)
        return saved

    @classmethod
    def load_query_data(
        cls,
        adata: AnnData,
        reference_model: "str | Path | StoredModel",
        *,
        inplace_subset_query_vars: bool = False,
        unfrozen: bool | None = None,
        allow_pickle: bool = False,
        **kwargs: Any,
    ) -> Self:
        """Make a model of a query that starts from a reference model (scArches).

        The reference's layout comes along, and weights for the query's batches are added. If places
        of some of the query's cells are known, ``train`` fine-tunes the model on them. The other
        places, rows of NaN in its coordinates, are guessed from the reference and corrected by the
        known ones. Then the network learns from both, in 300 steps.
        From then on ``predict_coordinates`` places cells in the frame of the query.

        Parameters
        ----------
        adata
            The query, with the genes of the reference in the same order
            (``prepare_query_anndata`` brings them into it, and adds those that are missing).
        reference_model
            The model or the directory it was saved to, of this class.
        inplace_subset_query_vars
            Whether the query itself is brought into the order of the reference's genes, without
            others.
        unfrozen
            Whether λ and what the networks learned may change in training. By default they may
            if places of the query are known.
        allow_pickle
            As in :meth:`load`.
        **kwargs
            See :meth:`scvi.model.SCVI.load_query_data`.

        Raises
        ------
        FileNotFoundError
            If the directory holds no model.
        KeyError
            If a column of ``obs`` that the reference was set up with is missing.
        ValueError
            If the model is of another class, or its file cannot be read as by :meth:`load`; if
            genes are missing or in another order, values are not of the kind that the model takes,
            or places are known of fewer than three cells of a section (four in three dimensions),
            or of cells on one line. ``adata`` is unchanged then.
        """
        check_is_anndata(adata)
        if adata.is_view:
            message = "The query is a view of another AnnData. Run query = query.copy() first."
            raise ValueError(message)
        source: AbstractContextManager[Any] = nullcontext(reference_model)
        if isinstance(reference_model, str | Path):
            saved = cls._read(reference_model, allow_pickle=allow_pickle)
            setup, source = Setup.of(saved.registry), scvi_folder(saved)
        elif type(reference_model).__name__ == cls.__name__:
            setup = reference_model.setup
        else:
            message = (
                f"reference_model is a {type(reference_model).__name__}, not a {cls.__name__}: "
                f"give a {cls.__name__}, or the directory that one was saved to."
            )
            raise ValueError(message)
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
        if not knows_places:
            say_without_places(setup.spatial_key)
        kwargs["unfrozen"] = knows_places if unfrozen is None else unfrozen
        kwargs["inplace_subset_query_vars"] = inplace_subset_query_vars
        with source as reference:
            model: Self = super().load_query_data(adata, reference, **kwargs)
        model.is_query_with_places_ = knows_places
        return model

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
        warn_if_filled(coordinates, section, name)
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
        allow_pickle: bool = False,
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
            refused: if most genes are zeros in all cells, all cells look alike, and their
            places mean nothing.
        allow_pickle
            As in :meth:`load`.

        Returns
        -------
        The query if it is not changed itself; the names if requested.

        Raises
        ------
        FileNotFoundError
            If the directory holds no model.
        ValueError
            If names of genes occur more than once, no gene is shared, or fewer than half of the
            reference's genes are; or if the file of the model cannot be read or is of another
            class. ``adata`` is unchanged then.

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
        source: AbstractContextManager[Any] = nullcontext(reference_model)
        if isinstance(reference_model, str | Path):
            source = scvi_folder(cls._read(reference_model, allow_pickle=allow_pickle))
        with source as reference:
            prepare = partial(super().prepare_query_anndata, adata, reference)
            genes: pd.Index = prepare(return_reference_var_names=True)
            if return_reference_var_names:
                return genes
            names = adata.var_names
            check_share_of_missing(names, genes, allow_mostly_missing=allow_mostly_missing)
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", "Query data contains less than")
                prepared: AnnData | None = prepare(inplace=inplace)
        return prepared
