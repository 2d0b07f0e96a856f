"""A model whose latents are inferred from expression, from places, or from both."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import torch
from anndata import AnnData
from numpy.typing import NDArray
from torch import Tensor

from dpvae.model.base import SpatialModel
from dpvae.model.data.minified import latents_to_minify
from dpvae.model.query.chosen_rows import check_indices
from dpvae.model.tissue.latent_surfaces import GIVEN, Given
from dpvae.module.network_size import check_choice

Values = NDArray[np.float32]


class PlaceAwareModel(SpatialModel):
    """Gives latents that have seen places, and places cells by latents that have not."""

    @abstractmethod
    def _latents_given(
        self,
        cells: AnnData,
        given: Literal["both", "place"],
        batch_size: int | None,
        data_loader_kwargs: dict[str, Any],
    ) -> tuple[Values, Values]:
        """Give mean and variance of z of all cells, shape ``(n_cells, n_latent)`` each."""

    def get_latent_representation(
        self,
        adata: AnnData | None = None,
        indices: Sequence[int] | NDArray[Any] | None = None,
        give_mean: bool = True,  # noqa: FBT001, FBT002
        mc_samples: int = 5000,
        batch_size: int | None = None,
        return_dist: bool = False,  # noqa: FBT001, FBT002
        dataloader: Any = None,
        given: Given = "both",
        **data_loader_kwargs: Any,
    ) -> Any:
        """Compute the latent representation z of cells.

        Parameters
        ----------
        adata
            The cells; by default those that the model was made with. Genes are matched by name.
            Cells without a place are encoded by their expression alone. Give a section as a whole:
            its cells say something of each other, and are all that is known of a section that the
            reference does not have. Without a column of sections, all cells are of the reference's
            section.
        indices, give_mean, mc_samples, batch_size, return_dist, dataloader, **data_loader_kwargs
            As in :meth:`scvi.model.SCVI.get_latent_representation`. The result does not depend on
            ``batch_size``.
        given
            What z is inferred from.

            - ``"both"``: expression and place. For domains and pictures.
            - ``"expression"``: as for cells of unknown place; by this cells are placed.
            - ``"place"``: the place alone, or what surrounds it: the spatial part. For cells of
              unknown place, and for dimensions that are not spatial, the prior.

        Returns
        -------
        Array of shape ``(n_cells, n_latent)``.

        Raises
        ------
        KeyError
            If a model of several technologies is not given the technologies of the cells.
        ValueError
            If the cells do not fit the model.

        Warns
        -----
        UserWarning
            If cells are far outside of the section that they belong to by name, and the model
            takes their places as unknown.
        """
        check_choice("given", given, GIVEN)
        if dataloader is not None or given == "expression":
            return super().get_latent_representation(
                adata, indices, give_mean, mc_samples, batch_size, return_dist, dataloader,
                **data_loader_kwargs,
            )  # fmt: skip
        cells = self._checked(adata, places=True)
        check_indices(indices, cells.n_obs)
        mean, variance = self._latents_given(cells, given, batch_size, data_loader_kwargs)
        if indices is not None:
            mean, variance = mean[np.asarray(indices)], variance[np.asarray(indices)]
        if return_dist:
            return mean, variance
        if give_mean:
            return mean
        sample: Tensor = torch.normal(torch.as_tensor(mean), torch.as_tensor(variance).sqrt())
        return sample.numpy()

    def minify_adata(self, *args: Any, **kwargs: Any) -> None:
        """Replace the expression of the model's cells by their latents given expression alone.

        Places are looked at again when the latents are used, so latents that have seen them are of
        no use here: keys of latents that are given are not read.

        Parameters
        ----------
        *args, **kwargs
            See :meth:`scvi.model.SCVI.minify_adata`.
        """
        self._before_training(self._cells(None))
        latents = self._latents(return_dist=True)
        with latents_to_minify(lambda: self._cells(None), latents) as keys:
            super().minify_adata(*args[:1], **{**kwargs, **keys})
