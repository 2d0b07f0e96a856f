"""The VAE of raw counts whose latent space follows the tissue, with a linear decoder."""

from typing import Any

from scvi.nn import LinearDecoderSCVI
from torch import Tensor

from dpvae.module.spatial_count_vae import DPSpatialCountVAE


class DPSpatialLinearVAE(DPSpatialCountVAE):
    r"""spaLDVAE: logarithms of shares of genes are linear in z, up to what makes shares sum to 1.

    Parameters
    ----------
    *args, **kwargs
        As of :class:`DPSpatialCountVAE`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.decoder = LinearDecoderSCVI(
            self.n_latent, self.n_input, n_cat_list=[self.n_batch], bias=True
        )

    @property
    def loadings(self) -> Tensor:
        """How much the logarithm of each gene's share rises with each z, ``(n_genes, n_latent)``.

        The mean over genes, which has no effect on shares, is taken out.
        """
        weight: Tensor = self.decoder.factor_regressor.fc_layers[0][0].weight[:, : self.n_latent]
        return weight - weight.mean(dim=0)
