"""A model that places cells, and says how sure it is."""

from dataclasses import replace
from typing import Any, Literal, Self

import numpy as np
from anndata import AnnData
from numpy.typing import ArrayLike, NDArray

from dpvae._data.section import section_names
from dpvae._data.warn import warn_user
from dpvae.geometry import Regions, check_coordinate_rows
from dpvae.geometry.uncertainty.error_calibration import ErrorCalibration
from dpvae.model.atlas.anchors import check_anchors
from dpvae.model.atlas.calibration import (
    check_held_out,
    hidden_fifth,
    measured_errors,
    why_unlike,
)
from dpvae.model.atlas.layout import place_around, place_freely
from dpvae.model.atlas.placed import Placed
from dpvae.model.atlas.placers import GENES_TOO, PLACERS
from dpvae.model.data.minified import is_minified, warn_without_genes
from dpvae.model.training.progress import is_silent, tell
from dpvae.model.training.trained_model import NOT_TRAINED, TrainedModel
from dpvae.module.network_size import check_choice


class PlacingModel(TrainedModel):
    """Places cells from their expression, with calibrated regions."""

    def predict_coordinates(
        self,
        adata: AnnData | None = None,
        anchors: Literal["reference"] | ArrayLike | None = "reference",
        *,
        section: str | None = None,
        method: str = GENES_TOO,
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
              the model keeps, by ``method``. In the frame and unit of the reference. Every cell is
              placed by itself, so its place does not depend on which other cells are given. One
              exception is a new section, if the reference has several: it is placed in the frames
              of the five most similar ones; these layouts are aligned to the most similar one's and
              averaged. Give such a section as a whole, or name ``section``.
            - a boolean mask, shape ``(n_cells,)``: the cells of ``adata`` whose coordinates are
              right. They keep them exactly, all others are placed around them, section by section
              (:func:`dpvae.geometry.place_anchored`).
            - ``None``: nothing. Each section is laid out freely (equation 6): the unit is the
              reference's, position, rotation and reflection are arbitrary.
        section
            Name of the reference section in whose frame the cells are placed, with
            ``anchors="reference"``. By default the section with the name of the cell's own. Cells
            of other sections go into the frame of the most similar one, and their places are the
            mean over several. With a name, only that section places the cells.
        method
            How cells are placed among the reference's.

            - ``"latents and genes"``: by regressions on their latent representations
              (:func:`dpvae.geometry.place_by_consensus`), joined by regressions on the genes that
              count as much as 800 cells of the reference.
            - ``"latents"``: by the regressions on latents alone.
            - ``"landmarks"``: by latent distances to landmarks, as in the paper
              (:func:`dpvae.geometry.place_on_layout`).
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
        setup = self.setup
        names = section_names(cells, setup.section_key)
        mask = check_anchors(anchors, cells, setup.spatial_key, names)
        check_choice("method", method, PLACERS)
        is_by_reference = mask is None and anchors is not None
        if method != GENES_TOO and not is_by_reference:
            message = (
                f"method={method!r} places cells among those of the reference: leave it out, or "
                "leave out anchors."
            )
            raise ValueError(message)
        if is_by_reference:
            return self._placed(adata, section, batch_size, method).coordinates
        latent = self.get_latent_representation(adata, batch_size=batch_size)
        if mask is None:
            return place_freely(latent, names, setup.n_dims, self.distance_scale)
        coordinates = check_coordinate_rows(cells.obsm[setup.spatial_key])
        return place_around(latent, names, coordinates, mask, self.distance_scale)

    def calibrate(self, held_out: AnnData | None = None, *, seed: int = 0, **kwargs: Any) -> None:
        """Learn how far from the truth places are, so that :meth:`predict_regions` can say it.

        The cells that a model was trained with are placed far better than others: they tell
        nothing of its errors. So errors are measured on cells that it has not seen.

        Parameters
        ----------
        held_out
            Cells of known place, of sections of the reference, that were left out of the reference.
            By default a second model with the same arguments is trained without a random fifth of
            each section's cells, which takes as long as the first training, and its errors on that
            fifth stand for this model's.
        seed
            Of the choice of that fifth.
        **kwargs
            For the training of the second model: what :meth:`train` was called with, if anything.

        Raises
        ------
        ValueError
            If there are fewer than 9 cells to calibrate with, if those given are of no section of
            the reference, in another unit or have been trained with, or if there is no expression
            to train a second model with.
        RuntimeError
            If the model is not trained.

        Notes
        -----
        The calibration is kept and saved with the model until it is trained again. The second model
        holds a copy of its cells' expression in memory.
        """
        self._check_trained()
        if held_out is not None:
            self._calibrate_with(self._errors_of(held_out))
            return
        cells = self._checked(None, places=True)
        self._check_can_be_repeated(cells)
        coordinates = check_coordinate_rows(cells.obsm[self.setup.spatial_key])
        hidden = hidden_fifth(coordinates, section_names(cells, self.setup.section_key), seed)
        say = (lambda _: None) if is_silent(kwargs) else tell
        say(f"A second model is trained without {hidden.sum()} cells of known place.")
        second = self._trained_with(cells[~hidden].to_memory(), kwargs)
        self._calibrate_with(second._errors_of(cells[hidden].to_memory()))
        say("The model is calibrated. Next: model.predict_regions(query).")

    def predict_regions(
        self,
        adata: AnnData | None = None,
        *,
        section: str | None = None,
        batch_size: int | None = None,
    ) -> Regions:
        """Place cells from their expression, and tell where their true places are likely to be.

        Parameters
        ----------
        adata
            The cells to place; by default those that the model was made with, whose regions are
            as large as if it had not seen them. Needs no coordinates.
        section
            As in :meth:`predict_coordinates`, whose places are the centres of the regions.
        batch_size
            Cells per pass through the encoder.

        Returns
        -------
        A disc and an ellipse for each cell, for any level: ``regions.radii(0.9)``,
        ``regions.ellipses(0.5)``. :func:`dpvae.tl.regions` writes them into an AnnData.

        Raises
        ------
        ValueError
            If the model is not calibrated, or the cells do not fit it.
        RuntimeError
            If it is not trained.

        Warns
        -----
        UserWarning
            If cells are of sections that the reference does not have, or if half of them are
            further from the reference in the latent space than 90 % of the calibration cells.

        Notes
        -----
        Regions hold their share of cells like the calibration cells: by default, other cells of the
        same section. For other sections, and for parts of the tissue that the reference does not
        show, they are too small.
        """
        self._check_trained()
        atlas = self._atlas()
        if atlas.calibration is None:
            message = (
                "The model is not calibrated: call model.calibrate() first, which trains a second "
                "model, or model.calibrate(held_out) with cells that were left out."
            )
            raise ValueError(message)
        placed = self._placed(adata, section, batch_size)
        around = atlas.neighborhood(placed)
        names = section_names(self._cells(adata), self.setup.section_key)
        is_named = self.setup.section_key is not None
        far = atlas.calibration.share_far(around)
        for unlike in why_unlike(atlas.layout, names, far, is_named=is_named):
            warn_user(f"{unlike}: their regions may be too small.")
        return atlas.calibration.regions(placed.coordinates, placed.frame, around)

    def _placed(
        self,
        adata: AnnData | None,
        section: str | None = None,
        batch_size: int | None = None,
        method: str = GENES_TOO,
    ) -> Placed:
        """Encode cells once, place them in the frames of the reference, and warn if in doubt."""
        atlas, encoded = self._atlas(), self._encoded(adata, batch_size)
        by_genes = method == GENES_TOO and atlas.regression is not None
        if by_genes and encoded.genes is None:
            warn_without_genes()
        placed = atlas.place(encoded, PLACERS[method], section)
        if not self._is_registered(adata):
            has_names = self.setup.section_key is not None
            is_part = has_names and atlas.layout.has(encoded.section[0])
            is_standardized = self.module.encoder_input.per_section
            atlas.warn_if_foreign(encoded, placed, is_standardized=is_standardized, is_part=is_part)
        return placed

    def _check_trained(self) -> None:
        if self.atlas_ is None and not self.is_trained_:
            raise RuntimeError(NOT_TRAINED)

    def _check_can_be_repeated(self, cells: AnnData) -> None:
        if is_minified(cells):
            reason = "its expression was left out (minified)"
        elif self.is_query_with_places_ or not self._learns_distances():
            reason = "it was made of a query and another model"
        else:
            return
        message = (
            f"A second model cannot be trained to calibrate this one, since {reason}: give cells "
            "of known place that were left out, model.calibrate(held_out)."
        )
        raise ValueError(message)

    def _trained_with(self, cells: AnnData, arguments: dict[str, Any]) -> Self:
        """Train a model of the same arguments with other cells."""
        cells.uns = {}
        self.setup_anndata(cells, **self.setup.arguments)
        parameters = self.init_params_
        further = {k: v for part in parameters["kwargs"].values() for k, v in part.items()}
        second = type(self)(cells, **parameters["non_kwargs"], **further)
        second._next_step = ""
        second.train(**arguments)
        return second

    def _errors_of(self, cells: AnnData) -> ErrorCalibration:
        """Measure the errors of the places of cells whose place is known."""
        key = self.setup.spatial_key
        if key not in cells.obsm:
            message = f"held_out has no obsm[{key!r}] with the places of its cells."
            raise KeyError(message)
        truth = check_coordinate_rows(cells.obsm[key], name=f"held_out.obsm[{key!r}]")
        names = section_names(cells, self.setup.section_key)
        atlas = self._atlas()
        check_held_out(atlas.layout, truth, names)
        return measured_errors(atlas, self._placed(cells), truth, names, self.setup.unit)

    def _calibrate_with(self, errors: ErrorCalibration) -> None:
        self.atlas_ = replace(self._atlas(), calibration=errors)
