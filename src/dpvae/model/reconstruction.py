"""What the models of this package add to those of scvi-tools."""

from typing import Any, Literal

import numpy as np
from anndata import AnnData
from numpy.typing import ArrayLike, NDArray

from dpvae._data.section import cells_per_section, section_names
from dpvae.geometry import check_coordinate_rows
from dpvae.model.atlas.anchors import check_anchors
from dpvae.model.atlas.calibration import CredibleRegions
from dpvae.model.atlas.gene_regression import GeneRegression
from dpvae.model.atlas.layout import Layout, place_around, place_freely
from dpvae.model.atlas.new_section import Place, place_new_sections, tell_frames
from dpvae.model.atlas.query_difference import unlikeness
from dpvae.model.data.fields import coordinates_state
from dpvae.model.data.minified import (
    is_minified,
    warn_without_genes,
)
from dpvae.model.files.query_models import GeneAlignedLoading
from dpvae.model.files.saving import WholeSaving
from dpvae.model.loading.rows import row_loader
from dpvae.model.query.align import section_column
from dpvae.model.query.foreign import warn_if_foreign
from dpvae.model.query.missing_genes import MissingGenes
from dpvae.model.query.registered_cells import RegisteredCells
from dpvae.model.training.spatial_training import SpatialTraining


class SpatialReconstruction(
    CredibleRegions,
    SpatialTraining,
    GeneAlignedLoading,
    MissingGenes,
    RegisteredCells,
    WholeSaving,
):
    """Training with the distance term, queries by gene name, and coordinates from expression.

    The one mixin of this package on a model of scvi-tools; it comes first.
    """

    _data_loader_cls = staticmethod(row_loader)
    per_section_: bool = False

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
            If the query is unlike the reference, with what was found and the likely causes; if
            log-normalised values of the query have another depth than the reference, to which
            they are brought; or if the model's own cells are minified.

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

    @classmethod
    def _coordinate_unit(cls, adata: AnnData | None, registry: dict[str, Any] | None) -> float:
        if adata is not None:
            manager = cls._get_most_recent_anndata_manager(adata, required=True)  # type: ignore[attr-defined]
            registry = manager.registry
        return 1.0 if registry is None else float(coordinates_state(registry)["unit"])
