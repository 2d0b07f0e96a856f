"""What the models of this package add to those of scvi-tools."""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import ArrayLike, NDArray

from dpvae._given import check_is_anndata
from dpvae._section import cells_per_section, section_names
from dpvae.model.anchors import check_anchors
from dpvae.model.credible_regions import CredibleRegions
from dpvae.model.fields import coordinates_state
from dpvae.model.foreign_query import warn_if_foreign
from dpvae.model.gene_aligned_loading import GeneAlignedLoading
from dpvae.model.gene_regression import GeneRegression, ReadGenes
from dpvae.model.layout import Layout, place_around, place_freely
from dpvae.model.minified import is_minified, warn_without_genes
from dpvae.model.missing_genes import MissingGenes
from dpvae.model.new_section import Place, place_new_sections, tell_frames
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
from dpvae.model.unlikeness import unlikeness


class SpatialReconstruction(
    CredibleRegions, SpatialTraining, GeneAlignedLoading, MissingGenes, WholeSaving
):
    """Training with the distance term, queries by gene name, and coordinates from expression.

    The one mixin of this package on a model of scvi-tools; it comes first.
    """

    _data_loader_cls = staticmethod(row_loader)
    _query: AnnData | None = None
    per_section_: bool = False
    adata: AnnData | None
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
            If the query is unlike the reference, with what was found and the likely causes, or the
            model's own cells are minified.

        See Also
        --------
        dpvae.model.DPVAE : with an example.
        """
        cells = self._cells(adata)
        setup = self.registry_["setup_args"]
        names = section_names(cells, section_column(setup))
        mask = check_anchors(anchors, cells, setup["spatial_key"], names)
        latent = self.get_latent_representation(adata, batch_size=batch_size)
        if mask is not None:
            coordinates = np.asarray(cells.obsm[setup["spatial_key"]], dtype=float)
            return place_around(latent, names, coordinates, mask, self.distance_scale)
        if anchors is None:
            n_dims = int(coordinates_state(self.registry_)["n_dims"])
            return place_freely(latent, names, n_dims, self.distance_scale)
        layout = self._kept_layout()
        frames = layout.frames(latent, names, section)
        place = self._placer(cells, layout, latent)
        places = place(np.arange(len(latent)), frames)
        if section is None:
            if len(np.unique(layout.section)) > 1:
                tell_frames(names, frames)
            places = place_new_sections(places, layout, latent, names, place)
        if not self._is_registered(cells):
            is_part = section_column(setup) is not None and layout.has(names[0])
            self._warn_if_foreign(cells, places, layout, frames, is_part=is_part)
        return places

    def _warn_if_foreign(
        self,
        cells: AnnData,
        places: NDArray[np.float64],
        layout: Layout,
        frames: NDArray[np.str_],
        *,
        is_part: bool,
    ) -> None:
        """Compare a query with the reference, and its places with the section that holds most."""
        name = max(cells_per_section(frames), key=lambda found: int(found[1].sum()))[0]
        unlike, expected = None, None
        if self.gene_regression_ is not None:
            regression = GeneRegression.of(self.gene_regression_)
            unlike = unlikeness(regression, self._query_reader(cells), cells.n_obs)
            if not (is_part and self.per_section_):
                expected = regression.kernels[name].left_out_spread
        warn_if_foreign(
            unlike,
            places[frames == name],
            layout.coordinates[layout.section == name],
            expected,
            len(self.get_var_names()),  # type: ignore[attr-defined]
            is_standardized=self.per_section_,
        )

    def _placer(self, cells: AnnData, layout: Layout, latent: NDArray[np.float32]) -> Place:
        """How to place some of the cells in the frames of sections of the reference."""
        if self.gene_regression_ is None or is_minified(cells):
            if self.gene_regression_ is not None:
                warn_without_genes()
            return lambda rows, frames: layout.place(latent[rows], frames)
        regression, read = GeneRegression.of(self.gene_regression_), self._query_reader(cells)

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
        if kwargs.get("dataloader") is not None:
            return compute(adata, *args, **kwargs)
        cells, is_known = self._cells(adata), self._is_registered(adata)
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

    def _is_registered(self, adata: AnnData | None) -> bool:
        own = adata is None or adata is self.adata or adata is self._query
        return own or is_minified(adata)

    def _validate_anndata(self, adata: AnnData | None = None, copy_if_view: bool = True) -> AnnData:  # noqa: FBT001, FBT002
        """Let scvi-tools see queries only as copies with the genes of the reference."""
        if not self._is_registered(adata):
            return self._register_query(self._cells(adata), fill_covariates=False)
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
        genes = pd.Index(self.get_var_names())  # type: ignore[attr-defined]
        query = align_query(adata, self.registry_, genes, fill_covariates=fill_covariates)
        setup = self.registry_["setup_args"]
        self._check_expression(query, setup["layer"])
        transfer = {"source_registry": self.registry_, "extend_categories": fill_covariates}
        with without_noise():
            self.setup_anndata(query, **transfer, **setup)
        if self._query is not None:
            self.deregister_manager(self._query)  # type: ignore[attr-defined]
        manager = self._get_most_recent_anndata_manager(query, required=True)  # type: ignore[attr-defined]
        self._register_manager_for_instance(manager)  # type: ignore[attr-defined]
        self._query = query
        return query
