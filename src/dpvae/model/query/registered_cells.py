"""The cells that a model knows, and queries that are brought into their form."""

from collections.abc import Callable
from typing import Any

import numpy as np
from anndata import AnnData
from numpy.typing import NDArray

from dpvae._data.arguments import check_is_anndata
from dpvae.model.atlas.gene_regression import ReadGenes
from dpvae.model.data.minified import UUID, is_minified, refuse_minified_elsewhere
from dpvae.model.data.own_cells import check_own_places, check_same_kind, genes_of, has_genes_of
from dpvae.model.query.align import Change, align_query, change_expression
from dpvae.model.query.chosen_rows import check_batch_size, check_indices
from dpvae.model.query.chunks import (
    is_expression_on_disk,
    latent_by_chunks,
    query_chunk,
    refuse_query_on_disk,
)
from dpvae.model.training.arguments import without_noise


class RegisteredCells:
    """Encodes cells: the model's own, which are looked at again, and queries, by gene name."""

    _query: AnnData | None = None
    _per_instance_manager_store: dict[str, dict[str, Any]]
    adata: AnnData | None
    adata_manager: Any
    id: str
    module: Any
    registry_: dict[str, Any]
    setup_anndata: Callable[..., None]

    @staticmethod
    def _check_expression(adata: AnnData, layer: str | None) -> None:
        """Raise if the values are not of the kind that the model takes."""
        raise NotImplementedError

    def _gene_reader(self, adata: AnnData) -> ReadGenes:
        """How to read the genes of some cells for a regression, from a registered AnnData."""
        raise NotImplementedError

    def get_latent_representation(
        self, adata: AnnData | None = None, *args: Any, **kwargs: Any
    ) -> Any:
        """Compute the latent representation z of cells.

        Parameters
        ----------
        adata
            The cells; by default those that the model was made with. Genes are matched by name;
            no coordinates are needed, and no batch that the reference knew, since the encoder
            does not read it (unless the model was made with ``encode_covariates=True``).
        *args, **kwargs
            ``indices``, ``give_mean``, ``mc_samples``, ``batch_size``, ``return_dist`` as in
            :meth:`scvi.model.SCVI.get_latent_representation`.

        Returns
        -------
        Array of shape ``(n_cells, n_latent)``.
        """
        compute = super().get_latent_representation  # type: ignore[misc]
        check_batch_size(kwargs.get("batch_size"))
        if kwargs.get("dataloader") is not None:
            return compute(adata, *args, **kwargs)
        cells, is_known = self._checked(adata), self._is_registered(adata)
        check_indices(args[0] if args else kwargs.get("indices"), cells.n_obs)
        if self._is_read_in_chunks(cells):
            correct = None if is_known else self._correction(cells)

            def of_rows(rows: NDArray[np.intp], **options: Any) -> Any:
                if is_known:
                    return compute(cells, indices=rows, **options)
                chunk = query_chunk(cells, self.registry_["setup_args"], rows)
                return compute(self._register_encoded(chunk, correct), **options)

            return latent_by_chunks(of_rows, cells.n_obs, *args, **kwargs)
        return compute(adata if is_known else self._register_encoded(cells), *args, **kwargs)

    def _cells(self, adata: AnnData | None) -> AnnData:
        cells = self.adata if adata is None else adata
        if cells is None:
            message = "The model was loaded without an AnnData: pass the cells as adata=…"
            raise ValueError(message)
        check_is_anndata(cells)
        return cells

    def _checked(self, adata: AnnData | None, *, places: bool = False) -> AnnData:
        """Give the cells; raise if the model's own hold other values, or moved, since setup."""
        cells = self._cells(adata)
        if is_minified(cells) or UUID not in cells.uns or cells is not self.adata:
            return cells
        self.adata_manager.validate()
        check_same_kind(cells, self.registry_)
        check_own_places(cells, self.registry_, with_coordinates=places)
        if not (places or self._is_read_in_chunks(cells)):
            self._check_expression(cells, self.registry_["setup_args"]["layer"])
        return cells

    def _is_registered(self, adata: AnnData | None) -> bool:
        """Whether the model knows these cells already, with the genes in its order."""
        cells: Any = self._cells(adata)
        if cells is self._query:
            return True
        if not is_minified(cells):
            is_as_set_up = UUID in cells.uns and has_genes_of(cells, self.registry_)
            return cells is self.adata and is_as_set_up
        known = self._per_instance_manager_store.get(self.id, {})
        if cells is not self.adata:
            refuse_minified_elsewhere(cells, known)
        return True

    def _validate_anndata(self, adata: AnnData | None = None, copy_if_view: bool = True) -> AnnData:  # noqa: FBT001, FBT002
        """Let scvi-tools see queries only as copies with the genes of the reference."""
        if not self._is_registered(adata):
            return self._register_query(self._checked(adata), fill_covariates=False)
        cells: AnnData = super()._validate_anndata(adata, copy_if_view)  # type: ignore[misc]
        return cells

    def _is_read_in_chunks(self, cells: AnnData) -> bool:
        return is_expression_on_disk(cells, self.registry_["setup_args"]["layer"])

    def _query_reader(self, cells: AnnData) -> ReadGenes:
        if self._is_registered(cells):
            return self._gene_reader(cells)
        if not self._is_read_in_chunks(cells):
            return self._gene_reader(self._query)
        correct = self._correction(cells)

        def read(rows: NDArray[np.intp]) -> Any:
            chunk = query_chunk(cells, self.registry_["setup_args"], rows)
            return self._gene_reader(self._register_encoded(chunk, correct))(np.arange(len(rows)))

        return read

    def _register_encoded(self, adata: AnnData, correct: Change | None = None) -> AnnData:
        """Register a query that only the encoder sees."""
        fill = not self.module.encode_covariates
        return self._register_query(adata, fill_covariates=fill, correct=correct)

    def _correction(self, adata: AnnData) -> Change:  # noqa: ARG002
        """How to change the values of a query, found from all of it; by default not at all."""
        return lambda values: values

    def _register_query(
        self, adata: AnnData, *, fill_covariates: bool, correct: Change | None = None
    ) -> AnnData:
        refuse_query_on_disk(adata, self.registry_["setup_args"]["layer"])
        genes = genes_of(self.registry_)
        query = align_query(adata, self.registry_, genes, fill_covariates=fill_covariates)
        setup = self.registry_["setup_args"]
        self._check_expression(query, setup["layer"])
        check_same_kind(query, self.registry_, name="query")
        change_expression(query, setup["layer"], correct or self._correction(query))
        transfer = {"source_registry": self.registry_, "extend_categories": fill_covariates}
        with without_noise():
            self.setup_anndata(query, **transfer, **setup)
        if self._query is not None:
            self.deregister_manager(self._query)  # type: ignore[attr-defined]
        manager = self._get_most_recent_anndata_manager(query, required=True)  # type: ignore[attr-defined]
        self._register_manager_for_instance(manager)  # type: ignore[attr-defined]
        self._query = query
        return query
