"""The two backbones with the distance term."""

from typing import Any

from scvi.module import VAE
from torch import Tensor, nn

from dpvae.module.distance_preserving import DistancePreserving
from dpvae.module.gaussian_vae import GaussianVAE


class DPGaussianVAE(DistancePreserving, GaussianVAE):
    """:class:`~dpvae.module.GaussianVAE` with the distance term."""


class DPCountVAE(DistancePreserving, VAE):
    """The module of scVI, :class:`scvi.module.VAE`, with the distance term and input dropout.

    Parameters
    ----------
    *args
        Handed on to the module of scVI.
    input_dropout
        Share of genes hidden from the encoder in training.
    **kwargs
        Handed on to :class:`~dpvae.module.DistancePreserving` and the module of scVI.
    """

    def __init__(self, *args: Any, input_dropout: float = 0.0, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.input_dropout = nn.Dropout(input_dropout)
        self.z_encoder.register_forward_pre_hook(self._hide_genes)

    def _hide_genes(self, _: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        expression, *covariates = inputs
        return (self.input_dropout(expression), *covariates)
