"""A model that places cells, and says how sure it is."""

from dataclasses import replace
from typing import Literal

import numpy as np
from anndata import AnnData
from numpy.typing import ArrayLike, NDArray

from dpvae._data.arguments import check_cells_and_column
from dpvae._data.section import check_has_column, section_names
from dpvae.geometry import LabelProbabilities, Posterior
from dpvae.model.atlas.anchors import check_anchors
from dpvae.model.atlas.atlas import Atlas
from dpvae.model.atlas.cell_labels import LabelledReference, labels_of, predict_labels
from dpvae.model.atlas.encoded_cells import EncodedCells
from dpvae.model.atlas.layout import place_around, place_freely
from dpvae.model.atlas.placed import Placed
from dpvae.model.atlas.placers import ALL, GENES_TOO, PLACERS, WITH_GENES
from dpvae.model.data.given_coordinates import given_coordinates
from dpvae.model.data.minified import warn_without_genes
from dpvae.model.training.trained_model import TrainedModel
from dpvae.module.network_size import check_choice


class PlacingModel(TrainedModel):
    """Places cells from their expression, with calibrated regions."""

    def predict_coordinates(
        self,
        adata: AnnData | None = None,
        anchors: Literal["reference"] | ArrayLike | None = "reference",
        *,
        section: str | None = None,
        method: str = ALL,
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

            - ``"all"``: the mean of the next two; the posterior counts less where a cell is unlike
              the reference.
            - ``"posterior"``: the mean of :meth:`predict_posterior`.
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
        if method != ALL and not is_by_reference:
            message = (
                f"method={method!r} places cells among those of the reference: leave it out, or "
                "leave out anchors."
            )
            raise ValueError(message)
        if is_by_reference:
            return self._placed(adata, section, batch_size, method).coordinates
        compared = slice(self.module.distance_term.n_dims)
        latent = self._latents(adata, batch_size=batch_size)[:, compared]
        if mask is None:
            return place_freely(latent, names, setup.n_dims, self.distance_scale)
        coordinates = given_coordinates(cells, setup)
        return place_around(latent, names, coordinates, mask, self.distance_scale)

    def predict_posterior(
        self,
        adata: AnnData | None = None,
        *,
        section: str | None = None,
        spacing: float | None = None,
        batch_size: int | None = None,
    ) -> Posterior:
        """Tell for every position of a section how probable it is that a cell comes from there.

        A cell of a symmetric tissue could be on either side, a cell of a layer anywhere in it; a
        place alone does not say so.

        Parameters
        ----------
        adata
            The cells; by default those that the model was made with, whose probabilities are
            too narrow: they are to be made for cells that it has not seen. Needs no coordinates.
        section
            Name of the reference section whose positions are meant. By default the section of the
            cells' own name, or the most similar one, which a log line names.
        spacing
            Distance of the positions of a grid inside the section's outline, in the unit of the
            coordinates. By default positions are those where cells of the reference were measured,
            4,000 random ones if there are more.
        batch_size
            Cells per pass through the encoder.

        Returns
        -------
        The posterior: ``found.mean()``, ``found.modes(2)``, ``found.region(0.9)``,
        ``found.share(labels)``. :func:`dpvae.tl.posterior` writes it into an AnnData,
        :func:`dpvae.pl.posterior` draws it.

        Raises
        ------
        ValueError
            If the cells do not fit the model or are of several sections; if the section has
            fewer than 20 cells of known place, or all on a line or of equal expression; if there
            is no outline for a grid;
            or if expression was left out (minified).
        RuntimeError
            If the model is not trained.

        Warns
        -----
        UserWarning
            If the query is unlike the reference, as in :meth:`predict_coordinates`; or if half of
            its cells, 20 at least, are farther from what is expected anywhere in the section than
            nine of ten further cells of the section are.

        Notes
        -----
        See :class:`~dpvae.model.atlas.gene_surfaces.GeneSurfaces` and
        :class:`~dpvae.geometry.surfaces.tissue_model.TissueModel` for the model. Probabilities are
        calibrated by cells of the section that were left out: nine of ten further cells of the
        section are in their region of 90 %. A part of the tissue that the reference does not show
        has no position, so cells from there are in their region less often.
        """
        atlas, encoded = self._atlas(), self._encoded(adata, batch_size)
        atlas.check_has_genes(encoded)
        frame = atlas.frame_of(encoded, section)
        placed = self._placed_as(atlas, encoded, adata, frame, GENES_TOO)
        return replace(
            atlas.posterior(encoded, placed, spacing),
            cells=self._cells(adata).obs_names,
            reference_cells=None if self.adata is None else self.adata.obs_names,
        )

    def predict_labels(
        self,
        adata: AnnData,
        label_key: str,
        *,
        section: str | None = None,
        batch_size: int | None = None,
    ) -> LabelProbabilities:
        """Tell how probable each label of the reference is for new cells, such as its layers.

        Two things tell a label: which labels the places have where the cell could come from
        (:meth:`predict_posterior`), and which cells of the reference have like genes, wherever
        they are. Both tell labels of the tissue, such as layers; the second tells most of a
        cell type. How much each counts is learned from cells of the reference that are left out.

        Parameters
        ----------
        adata
            The cells. They need no coordinates.
        label_key
            Column of ``obs`` of the AnnData that the model was made with: ``model.adata``. Where it
            is missing, a cell has no label.
        section
            As in :meth:`predict_posterior`. Genes count from all sections.
        batch_size
            Cells per pass through the encoder.

        Returns
        -------
        The probabilities, a column for each label of five cells or more. On cells like the
        reference, of those with a probability of 80 % about 80 % are right; of another donor or
        technology, fewer. :func:`dpvae.tl.transfer_labels` writes them into an AnnData.

        Raises
        ------
        KeyError
            If there is no such column.
        ValueError
            As :meth:`predict_posterior`; if fewer than two labels have five cells or more; if no
            cell of the section has one; or if the model's own cells are not its reference, are
            minified, or were not loaded.

        Warns
        -----
        UserWarning
            As :meth:`predict_posterior`; if labels have fewer than five cells, which are left out.

        Notes
        -----
        Time: of :meth:`predict_posterior`, and about five seconds for a reference of 4,000 cells
        and seven labels, up to a minute for more cells and labels.
        """
        check_cells_and_column(adata, label_key, "label_key")
        own = self._cells(None)
        where = f"model.adata.obs[{label_key!r}]"
        check_has_column(own, label_key, name="model.adata", argument="label_key")
        codes, names = labels_of(own.obs[label_key], where)
        atlas, encoded = self._atlas(), self._encoded(adata, batch_size)
        atlas.check_has_genes(encoded)
        frame = atlas.frame_of(encoded, section)
        placed = self._placed_as(atlas, encoded, adata, frame, GENES_TOO)
        found = atlas.posterior(encoded, placed)
        assert atlas.surfaces is not None
        assert encoded.genes is not None
        reference = LabelledReference(
            self._genes_of(own, self._registered(own)),
            self._given_coordinates(own),
            section_names(own, self.setup.section_key),
            codes,
            names,
        )
        atlas.check_is_reference(reference.coordinates, frame)
        labels = predict_labels(reference, atlas.surfaces, frame, found, encoded.genes)
        return replace(labels, table=labels.table.set_axis(adata.obs_names))

    def _placed(
        self,
        adata: AnnData | None,
        section: str | None = None,
        batch_size: int | None = None,
        method: str = ALL,
    ) -> Placed:
        """Encode cells once, place them in the frames of the reference, and warn if in doubt."""
        atlas, encoded = self._atlas(), self._encoded(adata, batch_size)
        return self._placed_as(atlas, encoded, adata, section, method)

    def _placed_as(
        self,
        atlas: Atlas,
        encoded: EncodedCells,
        adata: AnnData | None,
        section: str | None,
        method: str,
    ) -> Placed:
        by_genes = method in WITH_GENES and atlas.regression is not None
        if by_genes and encoded.genes is None:
            warn_without_genes()
        placed = atlas.place(encoded, PLACERS[method], section)
        if not self._is_registered(adata):
            has_names = self.setup.section_key is not None
            is_part = has_names and atlas.layout.has(encoded.section[0])
            is_standardized = self.module.encoder_input.centers_groups
            atlas.warn_if_foreign(encoded, placed, is_standardized=is_standardized, is_part=is_part)
        return placed
