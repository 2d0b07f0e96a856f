"""A model that encodes cells: its own, and queries by the names of their genes."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from anndata import AnnData
from numpy.typing import NDArray
from scvi.data.fields import BaseAnnDataField
from scvi.model.base import (
    ArchesMixin,
    BaseMinifiedModeModelClass,
    UnsupervisedTrainingMixin,
    VAEMixin,
)

from dpvae._data.arguments import check_is_anndata
from dpvae._data.expression import expression_of, is_expression_on_disk
from dpvae._data.section import section_names
from dpvae._data.warn import warn_user
from dpvae._keys import REGISTRY
from dpvae.model.atlas.encoded_cells import EncodedCells, ReadGenes
from dpvae.model.data.depth import Depth, spread_rows
from dpvae.model.data.fields import registered_expression
from dpvae.model.data.minified import UUID, is_minified, refuse_minified_elsewhere
from dpvae.model.data.own_cells import check_own_places, check_same_kind
from dpvae.model.data.quiet import without_noise
from dpvae.model.data.setup import Setup
from dpvae.model.data.values import Values
from dpvae.model.loading.rows import row_loader
from dpvae.model.loading.without_places import without_places
from dpvae.model.query.align import align_query, change_expression
from dpvae.model.query.chosen_rows import check_batch_size, check_indices
from dpvae.model.query.chunks import latent_by_chunks, query_chunk, refuse_query_on_disk
from dpvae.model.query.depth_correction import DepthCorrection, depth_correction
from dpvae.model.query.section_statistics import as_first_section, new_sections

Rows = NDArray[np.intp]
Registered = Callable[[Rows], tuple[AnnData, Rows]]


class EncodingModel(VAEMixin, ArchesMixin, UnsupervisedTrainingMixin, BaseMinifiedModeModelClass):
    """Encodes cells: the model's own, which are looked at again, and queries, by gene name.

    A backbone declares its ``values`` and :meth:`further_fields`, and makes its ``module``.
    """

    values: ClassVar[Values]
    _data_loader_cls = staticmethod(row_loader)
    _statistics_of: ClassVar[str] = REGISTRY.section  # whose statistics genes are scaled by
    _query: AnnData | None = None

    @classmethod
    def further_fields(cls, arguments: dict[str, Any]) -> list[BaseAnnDataField]:
        """Give what is read of an AnnData besides expression, batch, section and coordinates.

        Parameters
        ----------
        arguments
            Arguments of ``setup_anndata``.
        """
        del arguments
        return []

    @abstractmethod
    def _reference_depth(self) -> Depth | None:
        """Give the depth of the reference's cells; ``None`` if it is not known."""

    @cached_property
    def setup(self) -> Setup:
        """How the model was set up."""
        return Setup.of(self.registry_)

    def get_latent_representation(
        self,
        adata: AnnData | None = None,
        indices: Sequence[int] | NDArray[Any] | None = None,
        give_mean: bool = True,  # noqa: FBT001, FBT002
        mc_samples: int = 5000,
        batch_size: int | None = None,
        return_dist: bool = False,  # noqa: FBT001, FBT002
        dataloader: Any = None,
        **data_loader_kwargs: Any,
    ) -> Any:
        """Compute the latent representation z of cells; coordinates are not looked at.

        Parameters
        ----------
        adata
            The cells; by default those that the model was made with. Genes are matched by name.
            No coordinates are needed. Its batch may be new, since the encoder does not read it,
            unless the model was made with ``encode_covariates=True``.
        indices, give_mean, mc_samples, batch_size, return_dist, dataloader, **data_loader_kwargs
            As in :meth:`scvi.model.SCVI.get_latent_representation`.

        Returns
        -------
        Array of shape ``(n_cells, n_latent)``.
        """
        options = {"give_mean": give_mean, "mc_samples": mc_samples, "return_dist": return_dist}
        if dataloader is not None:
            return super().get_latent_representation(
                adata, indices, batch_size=batch_size, dataloader=dataloader, **options
            )
        return self._latents(adata, indices, batch_size, data_loader_kwargs, **options)

    def _latents(
        self,
        adata: AnnData | None = None,
        indices: Sequence[int] | NDArray[Any] | None = None,
        batch_size: int | None = None,
        data_loader_kwargs: dict[str, Any] | None = None,
        **options: Any,
    ) -> Any:
        """Encode cells by their expression alone; ``options`` are scvi-tools'."""
        check_batch_size(batch_size)
        cells = self._checked(adata)
        check_indices(indices, cells.n_obs)
        return self._latent(
            cells,
            self._registered(cells),
            indices=indices,
            batch_size=batch_size,
            data_loader_kwargs=data_loader_kwargs,
            **options,
        )

    def _encoded(self, adata: AnnData | None, batch_size: int | None = None) -> EncodedCells:
        """Encode cells to place them; a query is brought into form and registered once."""
        check_batch_size(batch_size)
        cells = self._checked(adata, places=True)
        registered = self._registered(cells)
        genes = None if is_minified(cells) else self._genes_of(cells, registered)
        latent = self._latent(cells, registered, batch_size=batch_size)
        return EncodedCells(latent, section_names(cells, self.setup.section_key), genes)

    def _latent(
        self,
        cells: AnnData,
        registered: Registered,
        *,
        indices: Sequence[int] | NDArray[Any] | None = None,
        batch_size: int | None = None,
        data_loader_kwargs: dict[str, Any] | None = None,
        **options: Any,
    ) -> Any:
        compute = super().get_latent_representation

        def of_rows(rows: Rows) -> Any:
            known, rows = registered(rows)
            loader = self._make_data_loader(
                adata=self._validate_anndata(known),
                indices=rows,
                batch_size=batch_size,
                **(data_loader_kwargs or {}),
            )
            return compute(dataloader=without_places(loader), **options)

        rows = np.arange(cells.n_obs) if indices is None else np.asarray(indices)
        rows = np.flatnonzero(rows) if rows.dtype == bool else rows.astype(np.intp)
        if self._is_read_in_chunks(cells):
            return latent_by_chunks(of_rows, rows, batch_size)
        return of_rows(rows)

    def _cells(self, adata: AnnData | None) -> AnnData:
        cells = self.adata if adata is None else adata
        if cells is None:
            message = (
                "The model was loaded without an AnnData, and this needs the cells that it was "
                "trained on: load it with them, dpvae.model.load(path, adata=reference). Other "
                "cells can be placed without: model.predict_coordinates(query)."
            )
            raise ValueError(message)
        check_is_anndata(cells)
        return cells

    def _checked(self, adata: AnnData | None, *, places: bool = False) -> AnnData:
        """Give the cells; raise if the model's own hold other values, or moved, since setup."""
        cells = self._cells(adata)
        if is_minified(cells) or UUID not in cells.uns or cells is not self.adata:
            return cells
        self.adata_manager.validate()
        check_same_kind(cells, self.setup)
        check_own_places(cells, self.setup, with_coordinates=places)
        if not self._is_read_in_chunks(cells):
            self.values.check(cells, self.setup.layer)
        return cells

    def _is_registered(self, adata: AnnData | None) -> bool:
        """Whether the model knows these cells already, with the genes in its order."""
        cells = self._cells(adata)
        if cells is self._query:
            return True
        if not is_minified(cells):
            is_as_set_up = UUID in cells.uns and cells.var_names.equals(self.setup.genes)
            return cells is self.adata and is_as_set_up
        if cells is not self.adata:
            known = self._per_instance_manager_store.get(self.id, {})
            refuse_minified_elsewhere(cells, known)
        return True

    def _validate_anndata(self, adata: AnnData | None = None, copy_if_view: bool = True) -> AnnData:  # noqa: FBT001, FBT002
        """Let scvi-tools see queries only as copies with the genes of the reference."""
        if not self._is_registered(adata):
            return self._register_query(self._checked(adata), fill_covariates=False)
        cells: AnnData = super()._validate_anndata(adata, copy_if_view)
        return cells

    def _is_read_in_chunks(self, cells: AnnData) -> bool:
        is_whole = self.module.encoder_input.per_section and not self._is_registered(cells)
        return not is_whole and is_expression_on_disk(cells, self.setup.layer)

    def _registered(self, cells: AnnData) -> Registered:
        """How to find rows of cells in an AnnData that is registered with the model."""
        fill = not self.module.encode_covariates
        if self._is_registered(cells):
            return lambda rows: (cells, rows)
        if not self._is_read_in_chunks(cells):
            query = self._register_query(cells, fill_covariates=fill)
            return lambda rows: (query, rows)
        correct = self._correction(cells)

        def chunk(rows: Rows) -> tuple[AnnData, Rows]:
            some = query_chunk(cells, self.setup.layer, rows)
            query = self._register_query(some, fill_covariates=fill, correct=correct)
            return query, np.arange(len(rows))

        return chunk

    def _genes_of(self, cells: AnnData, registered: Registered) -> ReadGenes:
        """How to read genes for regressions."""
        if self._is_read_in_chunks(cells) and not self._is_registered(cells):

            def read(rows: Rows) -> Any:
                chunk, all_rows = registered(rows)
                return self._gene_reader(chunk)(all_rows)

            return read
        return self._gene_reader(registered(np.arange(0))[0])

    def _gene_reader(self, registered: AnnData) -> ReadGenes:
        manager = self.get_anndata_manager(registered, required=True)
        expression = registered_expression(manager)
        code = np.asarray(manager.get_from_registry(self._statistics_of), dtype=np.intp).ravel()
        seen = self.module.encoder_input
        return lambda rows: seen.regressed(expression[rows], code[rows])

    def _register_query(
        self, adata: AnnData, *, fill_covariates: bool, correct: DepthCorrection | None = None
    ) -> AnnData:
        setup = self.setup
        refuse_query_on_disk(adata, setup.layer)
        query = align_query(adata, setup, fill_covariates=fill_covariates)
        self.values.check(query, setup.layer, name="query")
        check_same_kind(query, setup, name="query")
        change_expression(query, setup.layer, correct or self._correction(query))
        if self.module.encoder_input.per_section:
            self._standardize_new_sections(query)
        transfer = {"source_registry": self.registry_, "extend_categories": fill_covariates}
        with without_noise():
            self.setup_anndata(query, **transfer, **setup.arguments)
        if self._query is not None:
            self.deregister_manager(self._query)
        self._register_manager_for_instance(
            self._get_most_recent_anndata_manager(query, required=True)
        )
        self._query = query
        return query

    def _standardize_new_sections(self, query: AnnData) -> None:
        """Bring sections that the reference does not have to the statistics of its first one."""
        key, known = self.setup.section_key, self.setup.sections
        code = new_sections(None if key is None else query.obs[key], known, query.n_obs)
        if (code < 0).all():
            return
        seen = self.module.encoder_input
        layer = self.setup.layer
        change_expression(query, layer, lambda values: as_first_section(values, code, seen))
        if key is not None:
            query.obs[key] = query.obs[key].where(code < 0, known[0])

    def _correction(self, adata: AnnData) -> DepthCorrection:
        """Find what brings a query to the depth of the reference, and say what was found."""
        if self.values.are_counts:
            return DepthCorrection()
        some = query_chunk(adata, self.setup.layer, spread_rows(adata.n_obs))
        some = align_query(some, self.setup, fill_covariates=True)
        self.values.check(some, self.setup.layer, name="query")
        correction = self._correction_of(expression_of(some, self.setup.layer))
        if correction.difference:
            warn_user(f"{correction.difference} {correction.remedy}")
        return correction

    def _correction_of(self, values: Any) -> DepthCorrection:
        depth = self._reference_depth()
        return DepthCorrection() if depth is None else depth_correction(depth, values)
