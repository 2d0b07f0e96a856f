"""What the models of this package add to those of scvi-tools."""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from anndata import AnnData
from numpy.typing import ArrayLike, NDArray

from dpvae._given import check_is_anndata
from dpvae._section import section_names
from dpvae.geometry import check_coordinate_rows
from dpvae.model.anchors import check_anchors
from dpvae.model.chosen_rows import check_batch_size, check_indices
from dpvae.model.credible_regions import CredibleRegions
from dpvae.model.fields import coordinates_state
from dpvae.model.gene_aligned_loading import GeneAlignedLoading
from dpvae.model.gene_regression import GeneRegression, ReadGenes
from dpvae.model.layout import Layout, place_around, place_freely
from dpvae.model.minified import (
    UUID,
    is_minified,
    refuse_minified_elsewhere,
    warn_without_genes,
)
from dpvae.model.new_section import Place, place_new_sections, tell_frames
from dpvae.model.own_cells import (
    check_own_places,
    check_same_kind,
    genes_of,
    has_genes_of,
)
from dpvae.model.query import align_query, section_column
from dpvae.model.query_chunks import (
    is_expression_on_disk,
    latent_by_chunks,
    query_chunk,
    refuse_query_on_disk,
)
from dpvae.model.row_loading import row_loader
from dpvae.model.saving import WholeSaving
from dpvae.model.spatial_training import SpatialTraining
from dpvae.model.training import without_noise
from dpvae.model.unlikeness import warn_if_unlike


class SpatialReconstruction(CredibleRegions, SpatialTraining, GeneAlignedLoading, WholeSaving):
    """Training with the distance term, queries by gene name, and coordinates from expression.

    The one mixin of this package on a model of scvi-tools; it comes first.
    """

    _data_loader_cls = staticmethod(row_loader)
    _query: AnnData | None = None
    per_section_: bool = False
    adata: AnnData | None
    adata_manager: Any
    _per_instance_manager_store: dict[str, dict[str, Any]]
    setup_anndata: Callable[..., None]

    @staticmethod
    def _check_expression(adata: AnnData, layer: str | None) -> None:
        """Raise where the values are not of the kind that the model takes."""
        raise NotImplementedError

    def _gene_reader(self, adata: AnnData) -> ReadGenes:
        """How to read the genes of some cells for a regression, from a registered AnnData."""
        raise NotImplementedError

    def _gene_factor(self) -> NDArray[np.float64]:
        """Give what the encoder multiplies by the genes that are read."""
        raise NotImplementedError

    @property
    def distance_scale(self) -> float:
        """λ: latent distance per unit of the coordinates."""
        return float(self.module.distance_term.distance_scale.detach())

    def predict_coordinates(
        self,
        adata: AnnData | None = None,
        anchors: Literal["reference"] | ArrayLike | None = "reference",
        *,
        section: str | None = None,
        batch_size: int | None = None,
    ) -> NDArray[np.float64]:
        """Give every cell a place from its expression.

        Parameters
        ----------
        adata
            The cells to place; by default those that the model was made with. Needs no
            coordinates. Genes are matched by name.
        anchors
            What fixes the frame.

            - ``"reference"``: the cells of the reference, whose latent representation and place
              the model keeps (:func:`dpvae.geometry.place_by_consensus`), joined by
              regressions on the genes that count as much as 800 cells of the reference. In the
              frame and unit of the reference. Every cell is placed by itself, so its place does not
              depend on which other cells are given, with one exception: a section that a reference
              of several sections does not have is placed in the frames of the five that are most
              similar; these layouts are moved onto that of the most similar one, as wholes, and
              averaged. Give such a section as a whole, or name ``section``.
            - a boolean mask, shape ``(n_cells,)``: the cells of ``adata`` whose coordinates are
              right. They keep them exactly, all others are placed around them, section by section
              (:func:`dpvae.geometry.place_anchored`).
            - ``None``: nothing. Each section is laid out freely (equation 6): the unit is the
              reference's, position, rotation and reflection are arbitrary.
        section
            Name of the reference section in whose frame the cells are placed, with
            ``anchors="reference"``. By default that of the same name as the cell's own section,
            and for cells of other sections the one whose cells are the most similar, and the
            places are the mean over several sections. With a name, they are of that section alone.
        batch_size
            Cells per pass through the encoder.

        Returns
        -------
        Coordinates, shape ``(n_cells, 2)`` or ``(n_cells, 3)``.

        Raises
        ------
        ValueError
            If the query's genes or values do not fit the model, or its anchors are not usable.
        RuntimeError
            If the model is not trained, or its training was cut off before the layout was made
            and it has no cells to make it from.

        Warns
        -----
        UserWarning
            If more than a tenth of the query's cells are farther from all cells of the reference
            than 99 % of the reference's cells are from one another, or the model's own cells are
            minified.

        See Also
        --------
        dpvae.model.DPVAE : with an example.
        """
        cells = self._checked(adata, places=True)
        setup = self.registry_["setup_args"]
        names = section_names(cells, section_column(setup))
        mask = check_anchors(anchors, cells, setup["spatial_key"], names)
        latent = self.get_latent_representation(adata, batch_size=batch_size)
        if mask is not None:
            coordinates = check_coordinate_rows(cells.obsm[setup["spatial_key"]])
            return place_around(latent, names, coordinates, mask, self.distance_scale)
        if anchors is None:
            n_dims = int(coordinates_state(self.registry_)["n_dims"])
            return place_freely(latent, names, n_dims, self.distance_scale)
        layout = self._kept_layout()
        frames = layout.frames(latent, names, section)
        place = self._placer(cells, layout, latent)
        places = place(np.arange(len(latent)), frames)
        if section is not None:
            return places
        if len(np.unique(layout.section)) > 1:
            tell_frames(names, frames)
        return place_new_sections(places, layout, latent, names, place)

    def _placer(self, cells: AnnData, layout: Layout, latent: NDArray[np.float32]) -> Place:
        """How to place some of the cells in the frames of sections of the reference."""
        if self.gene_regression_ is None or is_minified(cells):
            if self.gene_regression_ is not None:
                warn_without_genes()
            return lambda rows, frames: layout.place(latent[rows], frames)
        regression, read = GeneRegression.of(self.gene_regression_), self._query_reader(cells)
        if not self._is_registered(cells):
            warn_if_unlike(regression, read, cells.n_obs, is_standardized=self.per_section_)

        def place(rows: NDArray[np.intp], frames: NDArray[np.str_]) -> NDArray[np.float64]:
            places = layout.place(latent[rows], frames)
            return regression.join(places, frames, lambda some: read(rows[some]))

        return place

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

            def of_rows(rows: NDArray[np.intp], **options: Any) -> Any:
                if is_known:
                    return compute(cells, indices=rows, **options)
                chunk = query_chunk(cells, self.registry_["setup_args"], rows)
                return compute(self._register_encoded(chunk), **options)

            return latent_by_chunks(of_rows, cells.n_obs, *args, **kwargs)
        return compute(adata if is_known else self._register_encoded(cells), *args, **kwargs)

    @classmethod
    def _coordinate_unit(cls, adata: AnnData | None, registry: dict[str, Any] | None) -> float:
        if adata is not None:
            manager = cls._get_most_recent_anndata_manager(adata, required=True)  # type: ignore[attr-defined]
            registry = manager.registry
        return 1.0 if registry is None else float(coordinates_state(registry)["unit"])

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

        def read(rows: NDArray[np.intp]) -> Any:
            chunk = query_chunk(cells, self.registry_["setup_args"], rows)
            return self._gene_reader(self._register_encoded(chunk))(np.arange(len(rows)))

        return read

    def _register_encoded(self, adata: AnnData) -> AnnData:
        """Register a query that only the encoder sees."""
        return self._register_query(adata, fill_covariates=not self.module.encode_covariates)

    def _register_query(self, adata: AnnData, *, fill_covariates: bool) -> AnnData:
        refuse_query_on_disk(adata, self.registry_["setup_args"]["layer"])
        genes = genes_of(self.registry_)
        query = align_query(adata, self.registry_, genes, fill_covariates=fill_covariates)
        setup = self.registry_["setup_args"]
        self._check_expression(query, setup["layer"])
        check_same_kind(query, self.registry_, name="query")
        transfer = {"source_registry": self.registry_, "extend_categories": fill_covariates}
        with without_noise():
            self.setup_anndata(query, **transfer, **setup)
        if self._query is not None:
            self.deregister_manager(self._query)  # type: ignore[attr-defined]
        manager = self._get_most_recent_anndata_manager(query, required=True)  # type: ignore[attr-defined]
        self._register_manager_for_instance(manager)  # type: ignore[attr-defined]
        self._query = query
        return query
