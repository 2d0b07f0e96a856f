"""A model of counts whose latents follow the tissue, and with them expression."""

from collections.abc import Sequence
from typing import Any, Literal, NoReturn

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import ArrayLike
from scvi import REGISTRY_KEYS
from scvi.data.fields import BaseAnnDataField, CategoricalObsField
from scvi.model.base import RNASeqMixin

from dpvae._data.section import section_names
from dpvae._data.warn import warn_user
from dpvae._keys import OBSM, REGISTRY
from dpvae.model.atlas.completion import Completed
from dpvae.model.backbones.place_aware_model import PlaceAwareModel, Values
from dpvae.model.data.minified import is_minified
from dpvae.model.data.values import RAW_COUNTS
from dpvae.model.tissue.decoder_statistics import MINIBATCH, chosen_cells, update_statistics
from dpvae.model.tissue.expression_surfaces import ExpressionSurfaces, fit_expression_surfaces
from dpvae.model.tissue.latent_surfaces import LatentSurfaces
from dpvae.model.tissue.predicted_expression import (
    batch_names,
    check_decoding,
    decoded_expression,
    wanted_batches,
    wanted_genes,
    wanted_positions,
)
from dpvae.model.tissue.section_frames import SectionFrames, SectionPlaces
from dpvae.model.training.trained_model import NOT_TRAINED


class SpatialLatentModel(RNASeqMixin, PlaceAwareModel):
    """Gives latents and expression from what cells express and where they are.

    A backbone makes a module that has a :class:`~dpvae.module.SpatialPrior`.
    """

    values = RAW_COUNTS
    places_by_genes = True
    frames_: SectionFrames | None = None
    expression_: ExpressionSurfaces | None = None

    @classmethod
    def further_fields(cls, arguments: dict[str, Any]) -> list[BaseAnnDataField]:
        """Give the labels, which scvi-tools' module reads: all alike."""
        del arguments
        return [CategoricalObsField(REGISTRY_KEYS.LABELS_KEY, None)]

    def _latents_given(
        self,
        cells: AnnData,
        given: Literal["both", "place"],
        batch_size: int | None,
        data_loader_kwargs: dict[str, Any],
    ) -> tuple[Values, Values]:
        """Join expression with surfaces, in closed form for sections of which there are none."""
        encoded = self._latents(cells, None, batch_size, data_loader_kwargs, return_dist=True)
        placed = self._frames().places(cells, self.setup)
        surfaces = self._surfaces()
        surfaces.take_further_sections(placed, encoded)
        return surfaces.latents(placed, encoded if given == "both" else None)

    def predict_expression(
        self,
        positions: ArrayLike | None = None,
        *,
        section: str | None = None,
        spacing: float | None = None,
        batch: str | None = None,
        genes: Sequence[str] | None = None,
        library_size: float = 1.0,
        n_samples: int = 30,
        seed: int = 0,
    ) -> AnnData:
        """Predict expression at positions where nothing was measured.

        z of a position is normal, with the surfaces' mean and all of its variance. Half of the
        result is decoded from samples of it, the other half are surfaces of principal components
        (:class:`~dpvae.model.tissue.expression_surfaces.ExpressionSurfaces`), which have genes
        that follow the tissue by themselves.

        Parameters
        ----------
        positions
            Shape ``(n_positions, 2)`` or ``(n_positions, 3)``, in the unit of the coordinates.
        section
            Name of the section that they are in; not needed if there is one.
        spacing
            Distance of the positions of a grid inside the section's outline, in the same unit,
            instead of ``positions``: a finer picture of the tissue.
        batch
            Name of the technical batch to predict for, by the network alone. By default all count
            alike.
        genes
            Names of the genes that are wanted. By default all.
        library_size
            Sum of the expression of all genes of a position. By default 1: shares.
        n_samples
            Number of samples of z.
        seed
            Of the samples.

        Returns
        -------
        An AnnData with a row for each position: in ``X`` the mean expression, in
        ``layers["deviation"]`` its standard deviation over what z could be, in ``obsm`` the
        positions, under the key of the coordinates, and ``obs["section"]``. Memory: two arrays of
        ``n_positions * n_genes`` numbers.

        Raises
        ------
        ValueError
            If neither or both of ``positions`` and ``spacing`` are given, positions are not
            numbers of the right dimensions, the section or a gene is not known, or the section has
            no outline or too few known places.
        RuntimeError
            If the model is not trained.

        Warns
        -----
        UserWarning
            If positions are outside of the section by more than a tenth of its width.
        """
        frames, layout = self._frames(), self._atlas().layout
        check_decoding(library_size, n_samples, seed)
        code = frames.code_of(section)
        name = str(frames.names[code])
        known = layout.coordinates[layout.section == name]
        found = wanted_positions(known, positions, spacing)
        chosen = wanted_genes(self.setup.genes, genes)
        placed = frames.positions(code, found)
        inside = self._surfaces().is_inside(placed)
        if not inside.all():
            warn_user(
                f"{(~inside).sum()} of {len(found)} positions are outside of the section, by more "
                "than a tenth of its width: nothing is known of them, and they get the expression "
                "of any cell."
            )
        mean, deviation = decoded_expression(
            self.module,
            *self._surfaces().latents(placed),
            chosen,
            wanted_batches(batch_names(self.registry_), batch),
            n_samples=n_samples,
            seed=seed,
        )
        if batch is None and self.expression_ is not None:
            places = np.where(inside[:, None], placed.places, np.nan)
            mean = self.expression_.joined(name, places, chosen, mean)
        rows = pd.Index([f"position {number}" for number in range(len(found))])
        return AnnData(
            mean * np.float32(library_size),
            obs=pd.DataFrame({"section": pd.Categorical([name] * len(found))}, index=rows),
            var=pd.DataFrame(index=self.setup.genes[chosen]),
            obsm={self.setup.spatial_key: found},
            layers={"deviation": deviation * np.float32(library_size)},
        )

    def get_elbo(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the evidence lower bound of cells, given the surfaces of their sections.

        It is the expected log-likelihood less the divergence of z from what its place says. The
        divergence of the surfaces themselves from their prior is left out: it is one number for a
        section, not for a cell, and training counts it. So a model whose surfaces follow noise
        loses nothing here. Compare models by cells that they have not seen.

        Parameters
        ----------
        *args, **kwargs
            See :meth:`scvi.model.SCVI.get_elbo`.

        Returns
        -------
        The mean over cells, or with ``return_mean=False`` a number for each.
        """
        return super().get_elbo(*args, **kwargs)

    def get_importance_weights(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse: the weights of scvi-tools are right for a standard normal prior alone.

        Raises
        ------
        ValueError
            Always.
        """
        message = (
            "Importance weights presume that z is standard normal, and here it follows the tissue: "
            "leave out weights='importance'."
        )
        raise ValueError(message)

    def _surfaces(self) -> LatentSurfaces:
        return LatentSurfaces(self.module.spatial_prior)

    def _frames(self) -> SectionFrames:
        """Give the frames of the sections; find them if training had no time to."""
        self._atlas()
        if self.frames_ is None:
            raise RuntimeError(NOT_TRAINED)
        return self.frames_

    def _choose_surfaces(self) -> None:
        """Choose the surfaces of the sections of the model's own cells, which wait for training."""
        if self.adata is None:
            return
        prior = self.module.spatial_prior
        prior.unit.fill_(self.setup.unit)
        prior.n_cells.fill_(self.adata.n_obs)
        frames = SectionFrames.of(self.adata, self.setup)
        self._surfaces().choose_sections(frames.places(self.adata, self.setup))

    def _guessed(self, cells: AnnData) -> Completed:
        """Choose the surfaces anew, too: a query can reach farther than the reference."""
        guess = super()._guessed(cells)
        self._choose_surfaces()
        return guess

    def _keep_reference(self, completed: Completed | None) -> None:
        """Keep the exact surfaces, and a decoder that is up to date, as well."""
        cells = self._cells(None)
        self.is_trained_ = True
        self.frames_ = SectionFrames.of(cells, self.setup, self.frames_)
        placed = self.frames_.places(cells, self.setup)
        self._surfaces().fit_sections(placed, self._latents(return_dist=True))
        if self._learns_distances():
            rows = chosen_cells(cells.n_obs)
            loader = self._make_data_loader(adata=cells, indices=rows, batch_size=MINIBATCH)
            update_statistics(self.module, loader)
            has_surfaces = self.module.spatial_prior.n_spatial and not self.module.has_background
            if has_surfaces and not is_minified(cells):
                names = section_names(cells, self.setup.section_key)
                genes = self._gene_reader(cells)
                self.expression_ = fit_expression_surfaces(genes, placed.places, names)
        super()._keep_reference(completed)

    def _validate_anndata(self, adata: AnnData | None = None, copy_if_view: bool = True) -> AnnData:  # noqa: FBT001, FBT002
        """Let the module see a query in the frames of the reference, and its new sections."""
        is_new = not self._is_registered(adata)
        query = super()._validate_anndata(adata, copy_if_view)
        if is_new and self.frames_ is not None:
            placed = self.frames_.places(self._cells(adata), self.setup)
            query.obsm[OBSM.centered] = placed.places
            manager = self.get_anndata_manager(query, required=True)
            code = np.asarray(manager.get_from_registry(REGISTRY.section), dtype=np.intp).ravel()
            placed = SectionPlaces(placed.places, code)
            encoded = self._latents(query, return_dist=True)
            self._surfaces().take_further_sections(placed, encoded)
        return query
