"""A model that encodes dissociated cells and imaged tissue in one latent space."""

from typing import Any, Literal

import numpy as np
import pandas as pd
import torch
from anndata import AnnData
from numpy.typing import NDArray
from scvi.data.fields import BaseAnnDataField
from torch.distributions import Normal

from dpvae._data.section import check_has_column, section_names
from dpvae._keys import OBS, OBSM, REGISTRY
from dpvae.geometry import known_rows
from dpvae.model.backbones.place_aware_model import PlaceAwareModel, Values
from dpvae.model.data.minified import is_minified
from dpvae.model.data.registration import register
from dpvae.model.data.technology import (
    NeighborhoodField,
    Technologies,
    TechnologyField,
    check_has_technology,
)
from dpvae.model.data.values import COUNTS_OR_LOGARITHMS
from dpvae.model.joint.joint_input import set_joint_input, technology_codes
from dpvae.model.joint.labels import labels_of_others
from dpvae.model.joint.neighborhoods import neighborhood_axes, neighborhoods
from dpvae.model.tissue.section_frames import coordinates_of
from dpvae.module.neighborhood_expert import product_of_normals

Rows = NDArray[np.intp]


class JointLatentModel(PlaceAwareModel):
    """Gives latents of cells and tissue, and of what surrounds cells of the tissue.

    A backbone makes a module that is a :class:`~dpvae.module.joint_vae.JointVAE`.
    """

    values = COUNTS_OR_LOGARITHMS
    places_by_genes = True
    _statistics_of = REGISTRY.technology

    @classmethod
    def setup_anndata(
        cls,
        adata: AnnData,
        layer: str | None = None,
        spatial_key: str = "spatial",
        sample_key: str | None = OBS.section,
        batch_key: str | None = None,
        technology_key: str = OBS.technology,
        *,
        mask_key: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Say where things are in an AnnData, as :func:`dpvae.tl.join` makes it.

        Parameters
        ----------
        adata
            The reference: dissociated cells and tissue, and in ``varm["measured"]`` which
            technology measured which gene.
        layer
            Layer with the expression; by default ``adata.X``. Raw counts, or logarithms of
            normalised counts, of all cells alike.
        spatial_key
            Key in ``adata.obsm`` of the coordinates, in any unit, the same for all sections. A row
            of NaN is a cell of unknown place, as all dissociated cells are.
        sample_key
            Column of ``adata.obs`` that names the section.
        batch_key
            Column of ``adata.obs`` that names the technical batch, such as the donor.
        technology_key
            Column of ``adata.obs`` that names the technology.
        mask_key
            As of :meth:`DPVAE.setup_anndata`.
        **kwargs
            Used by scvi-tools when a model is loaded.

        Raises
        ------
        KeyError
            If a key does not exist.
        ValueError
            If there is one technology, a technology has fewer than 20 cells, fewer than 10 genes
            are shared, or coordinates or values are not usable. ``adata`` is unchanged then.
        """
        check_has_technology(adata, technology_key)
        register(cls, adata, cls._get_setup_method_args(**locals()), **kwargs)

    @classmethod
    def further_fields(cls, arguments: dict[str, Any]) -> list[BaseAnnDataField]:
        """Give the technology of each cell, and what surrounds it."""
        key = arguments["technology_key"]
        return [TechnologyField(key, arguments["spatial_key"]), NeighborhoodField(key)]

    def get_niche_representation(self, adata: AnnData | None = None) -> Values:
        """Compute what the neighbourhood of each cell says of z: the spatial half.

        Parameters
        ----------
        adata
            The cells; by default those that the model was made with.

        Returns
        -------
        Shape ``(n_cells, n_latent)``; rows of NaN for cells of unknown place.

        Raises
        ------
        ValueError
            If the model was made with ``neighborhood=False``.
        """
        if self.module.neighborhood is None:
            message = (
                "The model was made with neighborhood=False: it learns nothing of what surrounds "
                "cells."
            )
            raise ValueError(message)
        cells = self._checked(adata, places=True)
        found: Values = self._posterior(cells, "place").loc.numpy()
        unknown = ~known_rows(coordinates_of(cells, self.setup))
        found[unknown] = np.nan
        return found

    def transfer_labels(self, label_key: str) -> pd.DataFrame:
        """Tell how probable each label is for cells, by labelled cells of other technologies.

        From dissociated cells to the tissue and back: cell types one way, regions the other.

        Parameters
        ----------
        label_key
            Column of ``obs`` of the AnnData that the model was made with, missing where a label is
            not known.

        Returns
        -------
        A row for each cell of the model, a column for each label: its share among the 50 nearest
        labelled cells of other technologies in the latent space (a fifth of them, if there are
        fewer than 250), rows of sum 1. NaN if no other technology has labels.

        Raises
        ------
        KeyError
            If there is no such column.
        RuntimeError
            If the model is not trained.

        See Also
        --------
        predict_labels : by places, with calibrated probabilities, for labels of the tissue.
        """
        self._check_if_trained(warn=False)
        cells = self._cells(None)
        check_has_column(cells, label_key, name="model.adata", argument="label_key")
        latent = self.get_latent_representation()
        return labels_of_others(latent, technology_codes(self.adata_manager), cells.obs[label_key])

    def _technologies(self) -> Technologies:
        assert self.setup.technologies is not None
        return self.setup.technologies

    def _set_input(self, *, by_technology: bool) -> None:
        """Let the encoders see genes as the reference's statistics say."""
        seen = self.module.encoder_input
        n_cells = set_joint_input(seen, self.adata_manager, by_technology=by_technology)
        weight = n_cells.sum() / (len(n_cells) * np.maximum(n_cells, 1))
        self.module.technology_weight.copy_(torch.as_tensor(weight))
        if self.module.neighborhood is not None:
            cells = self._cells(None)
            rows = np.flatnonzero(known_rows(coordinates_of(cells, self.setup)))
            n_components = self.module.neighborhood.axes.shape[1]
            axes = neighborhood_axes(self._gene_reader(cells), rows, n_components)
            self.module.neighborhood.axes.copy_(torch.as_tensor(axes))

    def _before_training(self, cells: AnnData) -> None:
        """Keep what surrounds the cells with them: minibatches bring it along."""
        if self.module.neighborhood is not None:
            cells.obsm[OBSM.neighborhood] = self._neighborhoods(cells, self._gene_reader(cells))

    def _neighborhoods(self, cells: AnnData, read: Any) -> Values:
        section = section_names(cells, self.setup.section_key)
        axes = self.module.neighborhood.axes.cpu().numpy()
        return neighborhoods(read, coordinates_of(cells, self.setup), section, axes)

    def _latents_given(
        self,
        cells: AnnData,
        given: Literal["both", "place"],
        batch_size: int | None,
        data_loader_kwargs: dict[str, Any],
    ) -> tuple[Values, Values]:
        """Join what expression says with what the neighbourhood says."""
        posterior = self._posterior(cells, given, batch_size, data_loader_kwargs)
        return posterior.loc.numpy(), posterior.variance.numpy()

    def _posterior(
        self,
        cells: AnnData,
        given: Literal["both", "place"] = "both",
        batch_size: int | None = None,
        data_loader_kwargs: dict[str, Any] | None = None,
    ) -> Normal:
        """Posterior of z of all cells, in memory."""
        registered = self._registered(cells)
        expression = self._latent(
            cells,
            registered,
            batch_size=batch_size,
            data_loader_kwargs=data_loader_kwargs,
            return_dist=True,
        )
        mean, variance = (torch.as_tensor(part) for part in expression)
        own = Normal(mean, variance.sqrt())
        if self.module.neighborhood is None:
            return own if given == "both" else Normal(torch.zeros_like(mean), 1.0)
        if is_minified(cells):
            around = torch.as_tensor(np.asarray(cells.obsm[OBSM.neighborhood]))
        else:
            around = torch.as_tensor(self._neighborhoods(cells, self._genes_of(cells, registered)))
        self.module.eval()
        with torch.no_grad():
            near = self.module.neighborhood.given_place(around.to(self.module.device))
        near = Normal(near.loc.cpu(), near.scale.cpu())
        if given == "place":
            return near
        joined, known = product_of_normals(own, near), around.isfinite().all(dim=1, keepdim=True)
        return Normal(
            torch.where(known, joined.loc, own.loc), torch.where(known, joined.scale, own.scale)
        )
